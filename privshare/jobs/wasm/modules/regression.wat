;; Made from native/wasm/regression.c by build.py.
(module (type (func (result i32))) (type (func (param i32) (result i32)))
(type (func (param i32 i32 i32) (result i32))) (type (func (param i32 i32 i32 i32) (result i32)))
(type (func (param i32 i32) (result i32))) (type (func (param i32 i32))) (type (func (param f64)))
(type (func (param i64)))
(func (type 0) (result i32) i32.const 0 i32.load offset=65968)
(func (type 1) (param i32) (result i32) local.get 0 call 2)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i64 i64) memory.size local.set 1
i32.const 0 local.set 2 block i32.const 0 i32.load offset=65984 local.tee 3 i32.const 83312
local.get 3 select i32.const 15 i32.add i32.const -16 i32.and local.tee 3 i64.extend_i32_u
local.get 0 i64.extend_i32_u i64.add local.tee 4 i64.const 4294901760 i64.gt_u br_if 0 block
local.get 4 local.get 1 i64.extend_i32_u i64.const 16 i64.shl local.tee 5 i64.le_u br_if 0
local.get 4 local.get 5 i64.sub i64.const 65535 i64.add i64.const 16 i64.shr_u i32.wrap_i64
memory.grow i32.const -1 i32.eq br_if 1 end i32.const 0 local.get 4 i64.store32 offset=65984
local.get 3 local.set 2 end local.get 2)
(func (type 2) (param i32 i32 i32) (result i32) (local i32) block local.get 2 i32.eqz br_if 0
local.get 0 local.set 3 loop local.get 3 local.get 1 i32.load8_u i32.store8 local.get 1 i32.const 1
i32.add local.set 1 local.get 3 i32.const 1 i32.add local.set 3 local.get 2 i32.const -1 i32.add
local.tee 2 br_if 0 end end local.get 0)
(func (type 2) (param i32 i32 i32) (result i32) (local i32) block local.get 2 i32.eqz br_if 0
local.get 0 local.set 3 loop local.get 3 local.get 1 i32.store8 local.get 3 i32.const 1 i32.add
local.set 3 local.get 2 i32.const -1 i32.add local.tee 2 br_if 0 end end local.get 0)
(func (type 0) (result i32) i32.const 0 i32.load offset=65972)
(func (type 0) (result i32) i32.const 0 i32.load offset=65976)
(func (type 3) (param i32 i32 i32 i32) (result i32)
(local i32 i32 i64 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 f64 f64 f64 f64 f64 f64 f64 f64 f64)
global.get 0 i32.const 576 i32.sub local.tee 4 global.set 0 block local.get 3 i32.const 16 i32.lt_u
br_if 0 local.get 2 i32.const 7 i32.and br_if 0 i32.const 0 local.set 5 loop block local.get 2
local.get 5 i32.add i32.load8_u local.get 5 i32.const 65536 i32.add i32.load8_u i32.eq br_if 0
i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 5 i32.const 1
i32.add local.tee 5 i32.const 8 i32.ne br_if 0 end block block block block local.get 2
i32.load offset=8 local.tee 5 i64.extend_i32_u i64.const 7 i64.add i64.const 8589934584 i64.and
local.tee 6 local.get 3 i32.const -16 i32.add i64.extend_i32_u i64.gt_u br_if 0 local.get 4
local.get 5 i32.store offset=308 local.get 4 local.get 2 i32.const 16 i32.add local.tee 7
i32.store offset=304 local.get 4 i64.const 0 i64.store offset=128 local.get 4 local.get 4
i64.load offset=304 i64.store offset=112 block local.get 4 i32.const 112 i32.add i32.const 65555
local.get 4 i32.const 128 i32.add local.get 4 i32.const 160 i32.add call 8 i32.eqz br_if 0
local.get 4 i32.load offset=160 i32.const 2 i32.ne br_if 0 local.get 4 local.get 4
i64.load offset=128 i64.store offset=104 local.get 4 i32.const 104 i32.add i32.const 66000
i32.const 256 call 9 local.tee 8 i32.const 1 i32.lt_s br_if 4 local.get 4 local.get 5
i32.store offset=308 local.get 4 local.get 7 i32.store offset=304 local.get 4 i64.const 0
i64.store offset=120 local.get 4 local.get 4 i64.load offset=304 i64.store offset=96 block
local.get 4 i32.const 96 i32.add i32.const 65550 local.get 4 i32.const 120 i32.add local.get 4
i32.const 160 i32.add call 8 i32.eqz br_if 0 local.get 4 i32.load offset=160 i32.const 2 i32.ne
br_if 0 local.get 4 i32.load offset=124 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u
br_if 5 local.get 6 i32.wrap_i64 i32.const 16 i32.add local.set 9 local.get 4 i32.load offset=120
local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u local.tee 10 i32.const -58 i32.add
i32.const 255 i32.and i32.const 246 i32.lt_u br_if 6 local.get 10 i64.extend_i32_u i64.const 255
i64.and i64.const 4294967248 i64.add i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul
i64.add local.set 6 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end i32.const 0 local.get 6 i64.store32 offset=68048 local.get 6
i64.const 5000000 i64.gt_u br_if 5 block block block block block block block block block block
block local.get 8 i32.const 1 i32.lt_s br_if 0 i32.const 0 local.set 11 loop local.get 11
i32.const 3 i32.shl i32.const 66000 i32.add i64.load local.set 12 local.get 4 i64.const 0
i64.store offset=160 local.get 4 local.get 12 i64.store offset=304 local.get 4 local.get 12
i64.store offset=88 block block local.get 4 i32.const 88 i32.add i32.const 65597 local.get 4
i32.const 160 i32.add local.get 4 i32.const 448 i32.add call 8 i32.eqz br_if 0 local.get 4
i32.load offset=448 i32.const 5 i32.eq br_if 1 end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end local.get 4 i64.const 0 i64.store offset=448 local.get 4 local.get 12
i64.store offset=304 local.get 4 local.get 12 i64.store offset=80 block block block block
local.get 4 i32.const 80 i32.add i32.const 65563 local.get 4 i32.const 448 i32.add local.get 4
i32.const 152 i32.add call 8 i32.eqz br_if 0 local.get 4 i32.load offset=152 i32.const 5 i32.ne
br_if 0 i32.const 0 i32.load offset=68048 local.set 13 local.get 4 i64.const 0 i64.store offset=152
local.get 4 local.get 12 i64.store offset=304 local.get 4 local.get 12 i64.store offset=72 block
local.get 4 i32.const 72 i32.add i32.const 65592 local.get 4 i32.const 152 i32.add local.get 4
i32.const 144 i32.add call 8 i32.eqz br_if 0 local.get 4 i32.load offset=144 i32.const 5 i32.ne
br_if 0 local.get 11 i32.const 40 i32.mul local.tee 14 i32.const 68056 i32.add local.tee 5
local.get 4 i64.load offset=152 i64.store align=4 block local.get 5 call 10 i32.eqz br_if 0
local.get 4 i64.const 0 i64.store offset=152 local.get 4 local.get 12 i64.store offset=304
local.get 4 local.get 12 i64.store offset=64 block local.get 4 i32.const 64 i32.add i32.const 65587
local.get 4 i32.const 152 i32.add local.get 4 i32.const 144 i32.add call 8 i32.eqz br_if 0
local.get 4 i32.load offset=144 i32.const 5 i32.ne br_if 0 i32.const 0 local.set 15 local.get 4
i32.load offset=156 local.set 16 local.get 4 i32.load offset=152 local.set 17 block loop
i32.const 0 local.set 10 block block local.get 15 i32.const 2 i32.shl i32.const 65776 i32.add
i32.load local.tee 5 i32.load8_u local.tee 7 i32.eqz br_if 0 local.get 5 i32.const 1 i32.add
local.set 18 i32.const 0 local.set 5 loop local.get 16 local.get 5 i32.eq br_if 2 local.get 17
local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and i32.ne br_if 2 local.get 18
local.get 5 i32.add local.set 7 local.get 5 i32.const 1 i32.add local.tee 10 local.set 5
local.get 7 i32.load8_u local.tee 7 br_if 0 end end local.get 10 local.get 16 i32.eq br_if 2 end
local.get 15 i32.const 1 i32.add local.tee 15 i32.const 7 i32.ne br_if 0 end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 14 i32.const 68064 i32.add
local.get 15 i32.const 1 i32.add local.tee 17 i32.store block block local.get 17 i32.const 4 i32.ne
br_if 0 local.get 4 i32.load offset=164 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u
br_if 1 local.get 14 i32.const 68068 i32.add local.set 16 local.get 4 i32.load offset=160
local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u local.tee 10 i32.const -58 i32.add
i32.const 255 i32.and i32.const 246 i32.lt_u br_if 2 local.get 10 i64.extend_i32_u i64.const 255
i64.and i64.const 4294967248 i64.add i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul
i64.add local.set 6 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end local.get 16 local.get 6 i64.store32 local.get 6 i64.const 19 i64.ge_u
br_if 1 end i32.const 0 local.set 5 i32.const 116 local.set 7 local.get 4 i32.load offset=448
local.set 18 local.get 4 i32.load offset=452 local.set 16 block block loop local.get 16 local.get 5
i32.eq br_if 1 local.get 18 local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and
i32.ne br_if 1 local.get 5 i32.const 65583 i32.add i32.load8_u local.set 7 local.get 5 i32.const 1
i32.add local.tee 10 local.set 5 local.get 10 i32.const 4 i32.ne br_if 0 end local.get 16
i32.const 4 i32.ne br_if 0 local.get 13 i64.extend_i32_u i64.const 7 i64.add i64.const 3 i64.shr_u
i64.const 7 i64.add i64.const 2147483640 i64.and local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 1 local.get 14 i32.const 68076 i32.add local.get 2 local.get 9
i32.add i32.store local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9 end block block block
local.get 15 i32.const 6 i32.eq br_if 0 local.get 15 i32.const 1 i32.ne br_if 1 end local.get 4
i64.const 0 i64.store offset=144 local.get 4 local.get 12 i64.store offset=304 local.get 4
local.get 12 i64.store offset=56 local.get 4 i32.const 56 i32.add i32.const 65569 local.get 4
i32.const 144 i32.add local.get 4 i32.const 140 i32.add call 8 i32.eqz br_if 1 local.get 4
i32.load offset=140 i32.const 5 i32.ne br_if 1 local.get 4 local.get 4 i64.load offset=144
local.tee 6 i64.store offset=304 block local.get 6 i64.const 32 i64.shr_u i32.wrap_i64 local.tee 5
i32.const 3 i32.ge_s br_if 0 i32.const 0 local.set 10 i32.const 1 local.set 7 br 10 end local.get 6
i32.wrap_i64 local.tee 16 local.get 5 i32.add local.tee 10 i32.const -1 i32.add local.set 18
i32.const 1 local.set 7 local.get 16 i32.const 1 i32.add local.set 5 loop local.get 7 i32.const 1
i32.add local.set 7 local.get 5 local.get 18 call 11 local.tee 5 i32.const 1 i32.add local.tee 16
local.get 5 local.get 16 local.get 10 i32.lt_u select local.get 5 local.get 5 select local.tee 5
i32.eqz br_if 9 local.get 5 i32.const 1 i32.add local.get 10 i32.ge_u br_if 9 br 0 end end block
local.get 13 i64.extend_i32_u i64.const 3 i64.shl local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 0 local.get 14 i32.const 68084 i32.add local.get 2 local.get 9
i32.add local.tee 5 i32.store local.get 14 i32.const 68080 i32.add local.get 5 i32.store
local.get 17 i32.const 5 i32.ne br_if 10 loop local.get 13 i32.eqz br_if 11 block local.get 5
f64.load local.tee 19 local.get 19 f64.sub f64.const 0x0p+0 (;=0;) f64.eq br_if 0 i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 5 i32.const 8 i32.add
local.set 5 local.get 13 i32.const -1 i32.add local.set 13 br 0 end end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable
end local.get 7 i32.const 536862721 i32.ge_u br_if 4 local.get 7 i32.const -1 i32.add local.set 10
end local.get 7 i32.const 3 i32.shl call 2 local.tee 5 i32.eqz br_if 4 local.get 14 i32.const 68092
i32.add local.get 5 i32.store local.get 4 local.get 4 i64.load offset=304 i64.store offset=48 block
local.get 4 i32.const 48 i32.add local.get 5 local.get 10 call 9 local.tee 10 i32.const 0 i32.ge_s
br_if 0 i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 14
i32.const 68072 i32.add local.get 10 i32.store local.get 13 i64.extend_i32_u i64.const 2 i64.shl
i64.const 7 i64.add i64.const 34359738360 i64.and local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 5 local.get 14 i32.const 68088 i32.add local.get 2 local.get 9
i32.add local.tee 5 i32.store local.get 13 i32.eqz br_if 0 local.get 14 i32.const 68076 i32.add
local.set 18 i32.const 0 local.set 7 loop block local.get 5 i32.load local.get 10 i32.lt_u br_if 0
local.get 18 i32.load local.tee 16 i32.eqz br_if 8 local.get 16 local.get 7 i32.const 3 i32.shr_u
i32.add i32.load8_u local.get 7 i32.const 7 i32.and i32.shr_u i32.const 1 i32.and i32.eqz br_if 8
end local.get 5 i32.const 4 i32.add local.set 5 local.get 13 local.get 7 i32.const 1 i32.add
local.tee 7 i32.ne br_if 0 end end local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9
local.get 11 i32.const 1 i32.add local.tee 11 local.get 8 i32.ne br_if 0 end end i32.const 0
local.get 8 i32.store offset=68052 local.get 9 local.get 3 i32.ne br_if 4 local.get 4 local.get 1
i32.store offset=308 local.get 4 local.get 0 i32.store offset=304 local.get 4 i64.const 0
i64.store offset=160 local.get 4 local.get 4 i64.load offset=304 i64.store offset=40 local.get 4
i32.const 40 i32.add i32.const 65580 local.get 4 i32.const 160 i32.add local.get 4 i32.const 448
i32.add call 8 i32.eqz br_if 5 local.get 4 i32.load offset=448 i32.const 3 i32.ne br_if 5
local.get 4 i32.load offset=164 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u br_if 6
local.get 4 i32.load offset=160 local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u
local.tee 10 i32.const -58 i32.add i32.const 255 i32.and i32.const 246 i32.lt_u br_if 7
local.get 10 i64.extend_i32_u i64.const 255 i64.and i64.const 4294967248 i64.add
i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul i64.add local.set 6 local.get 5
i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0 end
local.get 6 i64.const 1000000 i64.gt_u br_if 6 local.get 6 i32.wrap_i64 local.tee 11 i32.eqz
br_if 6 local.get 4 local.get 1 i32.store offset=308 local.get 4 local.get 0 i32.store offset=304
local.get 4 i64.const 0 i64.store offset=152 local.get 4 local.get 4 i64.load offset=304
i64.store offset=32 local.get 4 i32.const 32 i32.add i32.const 65548 local.get 4 i32.const 152
i32.add local.get 4 i32.const 160 i32.add call 8 i32.eqz br_if 7 local.get 4 i32.load offset=160
i32.const 3 i32.ne br_if 7 local.get 4 local.get 4 i64.load offset=152 local.tee 6
i64.store offset=24 local.get 4 local.get 6 i64.store offset=304 i32.const 80976 local.set 5
local.get 4 i32.const 24 i32.add i32.const 80976 i32.const 16 call 9 local.tee 15 i32.const 1
i32.lt_s br_if 8 i32.const 78304 local.set 7 local.get 15 local.set 10 loop local.get 4 local.get 5
i64.load align=4 i64.store offset=16 local.get 7 local.get 4 i32.const 16 i32.add call 12 i32.store
local.get 5 i32.const 8 i32.add local.set 5 local.get 7 i32.const 4 i32.add local.set 7
local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end i32.const 0 local.get 15
i32.store offset=78372 local.get 4 local.get 1 i32.store offset=308 local.get 4 local.get 0
i32.store offset=304 local.get 4 i64.const 0 i64.store offset=144 local.get 4 local.get 4
i64.load offset=304 i64.store offset=8 local.get 4 i32.const 8 i32.add i32.const 65546 local.get 4
i32.const 144 i32.add local.get 4 i32.const 160 i32.add call 8 i32.eqz br_if 9 local.get 4
i32.load offset=160 i32.const 3 i32.ne br_if 9 local.get 4 local.get 4 i64.load offset=144
i64.store local.get 15 i32.const 2 i32.shl i32.const 78304 i32.add local.get 4 call 12 i32.store
i32.const 0 local.set 16 loop block local.get 16 i32.const 2 i32.shl i32.const 78304 i32.add
i32.load local.tee 10 i32.load offset=8 local.tee 5 i32.const -4 i32.add i32.const 3 i32.lt_u
br_if 0 local.get 5 i32.const 1 i32.ne br_if 15 end block local.get 16 i32.eqz br_if 0
i32.const 78304 local.set 5 local.get 16 local.set 7 loop block local.get 10 local.get 5 i32.load
i32.ne br_if 0 i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable end
local.get 5 i32.const 4 i32.add local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0
end end local.get 16 i32.const 1 i32.add local.tee 16 local.get 15 i32.gt_u br_if 15 br 0 end end
i32.const 0 i32.const 3 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 3
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 1 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 1
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable
end i32.const 0 local.set 2 block i32.const 0 i32.load offset=68048 local.tee 10 i32.eqz br_if 0
i32.const 0 local.set 5 i32.const 0 local.set 2 loop local.get 5 call 13 local.get 2 i32.add
local.set 2 local.get 10 local.get 5 i32.const 1 i32.add local.tee 5 i32.ne br_if 0 end end block
block local.get 2 local.get 11 i32.lt_u br_if 0 local.get 2 local.get 15 i32.const 2 i32.add
i32.lt_u br_if 0 f64.const 0x0p+0 (;=0;) local.get 2 f64.convert_i32_u local.tee 20 f64.div
local.set 21 i32.const 0 local.set 17 block loop block block local.get 10 br_if 0 local.get 17
i32.const 3 i32.shl i32.const 83024 i32.add local.get 21 f64.store local.get 21 local.set 19
local.get 21 local.set 22 br 1 end local.get 17 i32.const 2 i32.shl i32.const 78304 i32.add
local.set 18 f64.const 0x0p+0 (;=0;) local.set 19 i32.const 0 local.set 7 i32.const 0 local.set 5
loop block local.get 5 call 13 i32.eqz br_if 0 block block local.get 18 i32.load local.tee 16
i32.load offset=8 i32.const 5 i32.ne br_if 0 local.get 16 i32.load offset=28 local.get 7 i32.add
f64.load local.set 23 br 1 end local.get 16 i32.load offset=24 local.get 7 i32.add i64.load
f64.convert_i64_s local.get 16 i32.load offset=12 i32.const 3 i32.shl i32.const 65808 i32.add
f64.load f64.div local.set 23 end local.get 19 local.get 23 f64.add local.set 19 end local.get 7
i32.const 8 i32.add local.set 7 local.get 10 local.get 5 i32.const 1 i32.add local.tee 5 i32.ne
br_if 0 end local.get 17 i32.const 3 i32.shl i32.const 83024 i32.add local.get 19 local.get 20
f64.div local.tee 22 f64.store f64.const 0x0p+0 (;=0;) local.set 19 i32.const 0 local.set 7
i32.const 0 local.set 5 loop block local.get 5 call 13 i32.eqz br_if 0 block block local.get 18
i32.load local.tee 16 i32.load offset=8 i32.const 5 i32.ne br_if 0 local.get 16 i32.load offset=28
local.get 7 i32.add f64.load local.set 23 br 1 end local.get 16 i32.load offset=24 local.get 7
i32.add i64.load f64.convert_i64_s local.get 16 i32.load offset=12 i32.const 3 i32.shl
i32.const 65808 i32.add f64.load f64.div local.set 23 end local.get 19 local.get 23 local.get 22
f64.sub local.tee 23 local.get 23 f64.mul f64.add local.set 19 end local.get 7 i32.const 8 i32.add
local.set 7 local.get 10 local.get 5 i32.const 1 i32.add local.tee 5 i32.ne br_if 0 end
local.get 19 local.get 20 f64.div local.set 19 end local.get 17 i32.const 3 i32.shl i32.const 83168
i32.add local.tee 5 local.get 19 f64.sqrt local.tee 19 f64.store block local.get 19 local.get 19
f64.sub f64.const 0x0p+0 (;=0;) f64.eq br_if 0 i32.const 0 i32.const 4 i32.store offset=65968
unreachable unreachable end block local.get 17 local.get 15 i32.ge_u br_if 0 local.get 19
local.get 22 f64.abs f64.const 0x1.6849b86a12b9bp-47 (;=1e-14;) f64.mul f64.le br_if 2 end block
local.get 19 f64.const 0x0p+0 (;=0;) f64.ne br_if 0 local.get 5 i64.const 4607182418800017408
i64.store end local.get 17 i32.const 1 i32.add local.tee 17 local.get 15 i32.le_u br_if 0 end block
local.get 10 br_if 0 i32.const 0 local.set 7 br 3 end local.get 4 i32.const 160 i32.add i32.const 8
i32.or local.set 9 i32.const 0 local.set 14 loop block local.get 14 call 13 i32.eqz br_if 0
local.get 14 local.get 4 i32.const 160 i32.add call 14 i32.const -1 local.set 15 i32.const 0
i32.load offset=78372 local.tee 13 i32.const -1 i32.eq br_if 0 i32.const 0 local.set 5
i32.const 78392 local.set 18 local.get 9 local.set 17 local.get 13 local.set 15 loop block
local.get 4 i32.const 160 i32.add local.get 5 local.tee 16 i32.const 3 i32.shl local.tee 5 i32.add
local.tee 7 f64.load local.tee 22 f64.const 0x0p+0 (;=0;) f64.eq br_if 0 local.get 7 local.get 22
local.get 16 i32.const 144 i32.mul local.get 5 i32.add i32.const 78384 i32.add local.tee 5 f64.load
local.tee 21 local.get 22 f64.abs local.tee 19 local.get 21 f64.abs local.tee 23 local.get 23
local.get 19 f64.lt local.tee 10 select local.tee 24 local.get 23 local.get 19 local.get 10 select
local.get 24 f64.div local.tee 19 local.get 19 f64.mul f64.const 0x1p+0 (;=1;) f64.add f64.sqrt
f64.mul local.tee 23 f64.div local.tee 19 f64.mul local.get 21 local.get 22 local.get 23 f64.div
local.tee 23 f64.mul f64.sub f64.store local.get 5 local.get 22 local.get 23 f64.mul local.get 21
local.get 19 f64.mul f64.add f64.store local.get 16 local.get 13 i32.eq br_if 0 local.get 18
local.set 5 local.get 17 local.set 7 local.get 15 local.set 10 loop local.get 5 local.get 19
local.get 5 f64.load local.tee 22 f64.mul local.get 23 local.get 7 f64.load local.tee 21 f64.mul
f64.add f64.store local.get 7 local.get 19 local.get 21 f64.mul local.get 23 local.get 22 f64.mul
f64.sub f64.store local.get 5 i32.const 8 i32.add local.set 5 local.get 7 i32.const 8 i32.add
local.set 7 local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end local.get 18
i32.const 152 i32.add local.set 18 local.get 17 i32.const 8 i32.add local.set 17 local.get 15
i32.const -1 i32.add local.set 15 local.get 16 i32.const 1 i32.add local.set 5 local.get 16
local.get 13 i32.ne br_if 0 end local.get 13 local.set 15 end local.get 14 i32.const 1 i32.add
local.tee 14 i32.const 0 i32.load offset=68048 local.tee 7 i32.ge_u br_if 3 br 0 end end
i32.const 0 i32.const 6 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 5
i32.store offset=65968 unreachable unreachable end block local.get 15 i32.eqz br_if 0 local.get 20
f64.const 0x1.79ca10c924223p-67 (;=1e-20;) f64.mul local.set 23 i32.const 78384 local.set 5
local.get 15 local.set 10 loop block local.get 5 f64.load local.tee 19 local.get 19 f64.mul
local.get 23 f64.le i32.eqz br_if 0 i32.const 0 i32.const 6 i32.store offset=65968 unreachable
unreachable end local.get 5 i32.const 152 i32.add local.set 5 local.get 10 i32.const -1 i32.add
local.tee 10 br_if 0 end end block block local.get 7 br_if 0 f64.const 0x0p+0 (;=0;) local.set 22
br 1 end f64.const 0x1p+0 (;=1;) local.get 20 f64.div local.set 21 f64.const 0x0p+0 (;=0;)
local.set 22 i32.const 0 local.set 13 loop block local.get 13 call 13 i32.eqz br_if 0 local.get 13
local.get 4 i32.const 304 i32.add call 14 local.get 21 local.set 23 block i32.const 0
i32.load offset=78372 local.tee 15 i32.eqz br_if 0 i32.const 0 local.set 16 i32.const 78384
local.set 17 local.get 21 local.set 23 loop local.get 4 i32.const 304 i32.add local.get 16
i32.const 3 i32.shl local.tee 18 i32.add f64.load local.set 19 block local.get 16 i32.eqz br_if 0
local.get 4 i32.const 448 i32.add local.set 5 local.get 17 local.set 7 local.get 16 local.set 10
loop local.get 19 local.get 7 f64.load local.get 5 f64.load f64.mul f64.sub local.set 19
local.get 7 i32.const 144 i32.add local.set 7 local.get 5 i32.const 8 i32.add local.set 5
local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end local.get 4 i32.const 448 i32.add
local.get 18 i32.add local.get 19 local.get 16 i32.const 144 i32.mul local.get 18 i32.add
i32.const 78384 i32.add f64.load f64.div local.tee 19 f64.store local.get 23 local.get 19
local.get 19 f64.mul f64.add local.set 23 local.get 17 i32.const 8 i32.add local.set 17
local.get 16 i32.const 1 i32.add local.tee 16 local.get 15 i32.ne br_if 0 end end local.get 23
local.get 22 local.get 23 local.get 22 f64.gt select local.set 22 i32.const 0 i32.load offset=68048
local.set 7 end local.get 13 i32.const 1 i32.add local.tee 13 local.get 7 i32.lt_u br_if 0 end end
block local.get 22 local.get 11 f64.convert_i32_u f64.mul f64.const 0x1.000010c6f7a0bp+0 (;=1;)
f64.le br_if 0 i32.const 0 i32.const 8 i32.store offset=65968 unreachable unreachable end
local.get 15 i32.const 144 i32.mul local.get 15 i32.const 3 i32.shl local.tee 11 i32.add
i32.const 78384 i32.add f64.load local.tee 19 local.get 19 f64.mul local.set 25 local.get 2
local.get 15 i32.const -1 i32.xor i32.add f64.convert_i32_u local.set 23 local.get 11
i32.const 83024 i32.add local.set 3 local.get 11 i32.const 83168 i32.add local.set 8 block
local.get 15 i32.eqz br_if 0 local.get 15 i32.const 152 i32.mul i32.const 78240 i32.add
local.set 18 local.get 4 i32.const 448 i32.add local.get 11 i32.add local.set 17 i32.const 0
local.set 13 local.get 15 local.set 14 loop local.get 14 i32.const -1 i32.add local.tee 16
i32.const 144 i32.mul local.tee 9 local.get 11 i32.add i32.const 78384 i32.add f64.load
local.set 19 local.get 18 local.set 5 local.get 17 local.set 7 local.get 13 local.set 10 block
local.get 14 local.get 15 i32.ge_u br_if 0 loop local.get 19 local.get 5 f64.load local.get 7
f64.load f64.mul f64.sub local.set 19 local.get 5 i32.const 8 i32.add local.set 5 local.get 7
i32.const 8 i32.add local.set 7 local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end
local.get 4 i32.const 448 i32.add local.get 16 i32.const 3 i32.shl local.tee 5 i32.add local.get 19
local.get 9 local.get 5 i32.add i32.const 78384 i32.add f64.load f64.div f64.store local.get 18
i32.const -152 i32.add local.set 18 local.get 17 i32.const -8 i32.add local.set 17 local.get 13
i32.const 1 i32.add local.set 13 local.get 16 local.set 14 local.get 16 br_if 0 end end
local.get 25 local.get 23 f64.div local.set 26 local.get 3 f64.load local.set 21 local.get 8
f64.load local.set 24 local.get 15 i32.const 1 i32.add local.set 7 local.get 11 i32.const 78384
i32.add local.set 5 f64.const 0x0p+0 (;=0;) local.set 22 loop local.get 22 local.get 5 f64.load
local.tee 19 local.get 19 f64.mul f64.add local.set 22 local.get 5 i32.const 144 i32.add
local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0 end i32.const 65603 i32.const 17
call 15 block i32.const 0 i32.load offset=78372 i32.eqz br_if 0 local.get 4 i32.const 304 i32.add
local.set 13 i32.const 78384 local.set 11 i32.const 0 local.set 15 loop i32.const 65758
i32.const 65759 local.get 15 select local.set 10 local.get 15 i32.const 3 i32.shl local.tee 5
i32.const 83024 i32.add f64.load local.set 19 local.get 5 i32.const 83168 i32.add local.tee 9
f64.load local.set 23 local.get 4 i32.const 448 i32.add local.get 5 i32.add f64.load local.set 20
i32.const 0 local.set 5 loop local.get 10 local.get 5 i32.add local.set 7 local.get 5 i32.const 1
i32.add local.tee 16 local.set 5 local.get 7 i32.load8_u br_if 0 end local.get 10 local.get 16
i32.const -1 i32.add call 15 local.get 15 i32.const 2 i32.shl i32.const 78304 i32.add i32.load
local.tee 5 i32.load align=1 local.get 5 i32.load offset=4 align=1 call 15 i32.const 65645
i32.const 10 call 15 local.get 24 local.get 20 f64.mul local.tee 20 local.get 23 f64.div
local.get 19 f64.mul local.set 27 f64.const 0x0p+0 (;=0;) local.set 23 block i32.const 0
i32.load offset=78372 local.tee 14 local.get 15 i32.le_u br_if 0 f64.const 0x0p+0 (;=0;)
local.set 23 i32.const 0 local.set 18 local.get 11 local.set 17 local.get 15 local.set 16 loop
f64.const 0x1p+0 (;=1;) f64.const 0x0p+0 (;=0;) local.get 16 local.get 15 i32.eq select
local.set 19 local.get 13 local.set 5 local.get 17 local.set 7 local.get 18 local.set 10 block
local.get 16 local.get 15 i32.le_u br_if 0 loop local.get 19 local.get 5 f64.load local.get 7
f64.load f64.mul f64.sub local.set 19 local.get 5 i32.const 8 i32.add local.set 5 local.get 7
i32.const 144 i32.add local.set 7 local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end
local.get 4 i32.const 304 i32.add local.get 16 i32.const 3 i32.shl local.tee 5 i32.add local.get 19
local.get 16 i32.const 144 i32.mul local.get 5 i32.add i32.const 78384 i32.add f64.load f64.div
local.tee 19 f64.store local.get 23 local.get 19 local.get 19 f64.mul f64.add local.set 23
local.get 17 i32.const 8 i32.add local.set 17 local.get 18 i32.const 1 i32.add local.set 18
local.get 16 i32.const 1 i32.add local.tee 16 local.get 14 i32.ne br_if 0 end end local.get 21
local.get 27 f64.sub local.set 21 local.get 24 local.get 26 local.get 23 f64.mul f64.sqrt f64.mul
local.get 9 f64.load f64.div call 16 i32.const 65656 i32.const 9 call 15 local.get 20 local.get 9
f64.load f64.div call 16 i32.const 65544 i32.const 1 call 15 local.get 13 i32.const 8 i32.add
local.set 13 local.get 11 i32.const 152 i32.add local.set 11 local.get 15 i32.const 1 i32.add
local.tee 15 i32.const 0 i32.load offset=78372 i32.lt_u br_if 0 end end i32.const 65621
i32.const 14 call 15 local.get 21 call 16 i32.const 65682 i32.const 6 call 15 block block
local.get 22 f64.const 0x0p+0 (;=0;) f64.gt br_if 0 i32.const 65575 i32.const 4 call 15 br 1 end
f64.const 0x1p+0 (;=1;) local.get 25 local.get 22 f64.div f64.sub call 16 end i32.const 65666
i32.const 15 call 15 local.get 24 local.get 26 f64.sqrt f64.mul call 16 i32.const 65636 i32.const 8
call 15 local.get 2 i64.extend_i32_u call 17 i32.const 65544 i32.const 1 call 15 local.get 4
i32.const 576 i32.add global.set 0 i32.const 0 return end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable)
(func (type 3) (param i32 i32 i32 i32) (result i32)
(local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) i32.const 0 local.set 4 local.get 3
i32.const 0 i32.store block block local.get 0 i32.load offset=4 local.tee 5 i32.const 2 i32.lt_u
br_if 0 local.get 0 i32.load local.tee 0 i32.load8_u i32.const 123 i32.ne br_if 0 local.get 5
local.get 0 i32.add local.tee 6 i32.const -1 i32.add local.tee 7 i32.load8_u i32.const 125 i32.ne
br_if 0 local.get 5 i32.const 3 i32.lt_s br_if 0 local.get 1 i32.const 1 i32.add local.set 8
local.get 0 i32.const 1 i32.add local.set 5 local.get 6 i32.const -2 i32.add local.set 9
local.get 6 i32.const -1 i32.add local.set 10 i32.const 0 local.set 11 i32.const 0 local.set 4 loop
local.get 5 i32.load8_u i32.const 34 i32.ne br_if 2 local.get 5 i32.const 1 i32.add local.tee 6
local.set 0 block local.get 6 local.get 7 i32.ge_u br_if 0 local.get 9 local.get 5 i32.sub
local.set 5 local.get 6 local.set 0 loop local.get 0 i32.load8_u i32.const 34 i32.eq br_if 1
local.get 0 i32.const 1 i32.add local.set 0 local.get 5 i32.const -1 i32.add local.tee 5 br_if 0
end local.get 10 local.set 0 end local.get 7 local.get 0 i32.sub i32.const 2 i32.lt_s br_if 2
local.get 0 i32.load8_u offset=1 i32.const 58 i32.ne br_if 2 local.get 0 i32.const 2 i32.add
local.tee 12 local.get 7 call 11 local.tee 13 i32.eqz br_if 2 local.get 13 local.get 12 i32.eq
br_if 2 local.get 0 local.get 6 i32.sub local.set 14 block block block local.get 1 i32.load8_u
local.tee 5 br_if 0 i32.const 0 local.set 15 br 1 end i32.const 0 local.set 0 loop local.get 14
local.get 0 i32.eq br_if 2 local.get 6 local.get 0 i32.add i32.load8_u local.get 5 i32.const 255
i32.and i32.ne br_if 2 local.get 8 local.get 0 i32.add local.set 5 local.get 0 i32.const 1 i32.add
local.tee 15 local.set 0 local.get 5 i32.load8_u local.tee 5 br_if 0 end end local.get 15
local.get 14 i32.ne br_if 0 local.get 2 local.get 13 local.get 12 i32.sub i32.store offset=4
local.get 2 local.get 12 i32.store local.get 3 i32.load local.set 11 i32.const 1 local.set 4 end
local.get 3 local.get 11 i32.const 1 i32.add local.tee 11 i32.store local.get 13 local.get 13
local.get 7 i32.lt_u i32.add local.tee 5 local.get 7 i32.lt_u br_if 0 end end local.get 4 return
end i32.const 0)
(func (type 2) (param i32 i32 i32) (result i32) (local i32 i32 i32) i32.const -1 local.set 3 block
block local.get 0 i32.load offset=4 local.tee 4 i32.const 2 i32.lt_u br_if 0 local.get 0 i32.load
local.tee 0 i32.load8_u i32.const 91 i32.ne br_if 0 local.get 4 local.get 0 i32.add i32.const -1
i32.add local.tee 5 i32.load8_u i32.const 93 i32.ne br_if 1 i32.const 0 local.set 3 local.get 4
i32.const 3 i32.lt_s br_if 0 local.get 0 i32.const 1 i32.add local.set 0 i32.const 0 local.set 3
loop local.get 0 local.get 5 call 11 local.tee 4 i32.eqz br_if 2 local.get 4 local.get 0 i32.eq
br_if 2 local.get 2 local.get 3 i32.eq br_if 2 local.get 1 local.get 0 i32.store local.get 1
i32.const 4 i32.add local.get 4 local.get 0 i32.sub i32.store local.get 1 i32.const 8 i32.add
local.set 1 local.get 3 i32.const 1 i32.add local.set 3 local.get 4 local.get 4 local.get 5
i32.lt_u i32.add local.tee 0 local.get 5 i32.lt_u br_if 0 end end local.get 3 return end
i32.const -1)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i32) block local.get 0 i32.load offset=4
local.tee 1 i32.const 2 i32.lt_u br_if 0 local.get 0 i32.load local.tee 2 i32.load8_u i32.const 34
i32.ne br_if 0 local.get 1 local.get 2 i32.add i32.const -1 i32.add i32.load8_u i32.const 34 i32.ne
br_if 0 local.get 0 local.get 1 i32.const -2 i32.add local.tee 3 i32.store offset=4 i32.const 1
local.set 4 local.get 0 local.get 2 i32.const 1 i32.add local.tee 1 i32.store block local.get 3
i32.eqz br_if 0 loop local.get 1 i32.load8_u local.tee 0 i32.const 34 i32.eq br_if 2 local.get 0
i32.const 92 i32.eq br_if 2 i32.const 1 local.set 4 local.get 1 i32.const 1 i32.add local.set 1
local.get 3 i32.const -1 i32.add local.tee 3 br_if 0 end end local.get 4 return end i32.const 0)
(func (type 4) (param i32 i32) (result i32) (local i32 i32 i32) block block block block local.get 0
local.get 1 i32.lt_u br_if 0 local.get 0 local.set 1 br 1 end i32.const 0 local.set 2 loop block
block block block block block local.get 0 i32.load8_u local.tee 3 i32.const -91 i32.add
br_table 1 3 2 0 end block local.get 3 i32.const -123 i32.add br_table 1 3 2 0 end local.get 3
i32.const 34 i32.ne br_if 2 local.get 0 i32.const 1 i32.add local.tee 3 local.get 1 i32.ge_u
br_if 8 loop block block local.get 0 i32.load8_u offset=1 local.tee 4 i32.const 92 i32.eq br_if 0
local.get 4 i32.const 34 i32.eq br_if 6 local.get 3 local.set 0 br 1 end local.get 0 i32.const 2
i32.add local.set 0 end local.get 0 i32.const 1 i32.add local.tee 3 local.get 1 i32.ge_u br_if 9
br 0 end end local.get 2 i32.const 1 i32.add local.set 2 br 3 end local.get 2 i32.eqz br_if 5
local.get 2 i32.const -1 i32.add local.set 2 br 2 end local.get 3 i32.const 44 i32.ne br_if 1
local.get 2 br_if 1 br 4 end local.get 3 local.set 0 end local.get 0 i32.const 1 i32.add
local.tee 0 local.get 1 i32.lt_u br_if 0 end local.get 0 local.set 1 i32.const 0 local.set 0
local.get 2 br_if 1 end local.get 1 local.set 0 end local.get 0 return end i32.const 0)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i32 i32 i32 i32 i32) block block
local.get 0 call 10 i32.eqz br_if 0 i32.const 0 local.set 1 i32.const 0 i32.load offset=68052
local.tee 2 i32.eqz br_if 0 local.get 0 i32.load local.set 3 local.get 0 i32.load offset=4
local.set 4 loop local.get 1 i32.const 40 i32.mul local.tee 0 i32.const 68056 i32.add local.set 5
block block local.get 0 i32.const 68060 i32.add i32.load local.tee 6 local.get 4 local.get 6
local.get 4 i32.lt_u select local.tee 7 i32.eqz br_if 0 local.get 5 i32.load local.set 0
local.get 3 local.set 8 loop local.get 0 i32.load8_u local.get 8 i32.load8_u i32.ne br_if 2
local.get 0 i32.const 1 i32.add local.set 0 local.get 8 i32.const 1 i32.add local.set 8 local.get 7
i32.const -1 i32.add local.tee 7 br_if 0 end end local.get 6 local.get 4 i32.eq br_if 3 end
local.get 1 i32.const 1 i32.add local.tee 1 local.get 2 i32.ne br_if 0 end end i32.const 0
i32.const 1 i32.store offset=65968 unreachable unreachable end local.get 5)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i32 i32) local.get 0 i32.const 3
i32.shr_u local.set 1 i32.const 1 local.get 0 i32.const 7 i32.and i32.shl local.set 2 i32.const 0
local.set 3 i32.const 0 i32.load offset=78372 local.set 4 i32.const 78304 local.set 0 loop block
local.get 0 i32.load i32.load offset=20 local.tee 5 i32.eqz br_if 0 local.get 2 local.get 5
local.get 1 i32.add i32.load8_u i32.and i32.eqz br_if 0 i32.const 0 return end local.get 0
i32.const 4 i32.add local.set 0 local.get 3 i32.const 1 i32.add local.tee 3 local.get 4 i32.le_u
br_if 0 end i32.const 1)
(func (type 5) (param i32 i32) (local i32 i32 i32 i32 f64) i32.const 0 local.set 2 i32.const 0
i32.load offset=78372 i32.const 1 i32.add local.set 3 i32.const 78304 local.set 4 local.get 0
i32.const 3 i32.shl local.set 5 loop block block local.get 4 i32.load local.tee 0 i32.load offset=8
i32.const 5 i32.ne br_if 0 local.get 0 i32.load offset=28 local.get 5 i32.add f64.load local.set 6
br 1 end local.get 0 i32.load offset=24 local.get 5 i32.add i64.load f64.convert_i64_s local.get 0
i32.load offset=12 i32.const 3 i32.shl i32.const 65808 i32.add f64.load f64.div local.set 6 end
local.get 1 local.get 2 i32.add local.get 6 local.get 2 i32.const 83024 i32.add f64.load f64.sub
local.get 2 i32.const 83168 i32.add f64.load f64.div f64.store local.get 4 i32.const 4 i32.add
local.set 4 local.get 2 i32.const 8 i32.add local.set 2 local.get 3 i32.const -1 i32.add
local.tee 3 br_if 0 end)
(func (type 5) (param i32 i32) (local i32 i32 i32 i32 i32 i32) block block i32.const 0
i32.load offset=65980 local.tee 2 i32.const 0 i32.load offset=65976 local.tee 3 i32.sub local.get 1
i32.ge_u br_if 0 local.get 2 local.get 1 i32.add i32.const 1 i32.shl i32.const 4096 i32.add
local.tee 4 call 2 local.tee 5 i32.eqz br_if 1 block i32.const 0 i32.load offset=65976 local.tee 3
i32.eqz br_if 0 i32.const 0 i32.load offset=65972 local.set 2 local.get 5 local.set 6 local.get 3
local.set 7 loop local.get 6 local.get 2 i32.load8_u i32.store8 local.get 2 i32.const 1 i32.add
local.set 2 local.get 6 i32.const 1 i32.add local.set 6 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end end i32.const 0 local.get 4 i32.store offset=65980 i32.const 0 local.get 5
i32.store offset=65972 end block local.get 1 i32.eqz br_if 0 i32.const 0 i32.load offset=65972
local.set 2 loop local.get 2 local.get 3 i32.add local.get 0 i32.load8_u i32.store8 local.get 0
i32.const 1 i32.add local.set 0 local.get 3 i32.const 1 i32.add local.set 3 local.get 1
i32.const -1 i32.add local.tee 1 br_if 0 end i32.const 0 local.get 3 i32.store offset=65976 end
return end i32.const 0 i32.const 3 i32.store offset=65968 unreachable unreachable)
(func (type 6) (param f64) (local i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32) global.get 0
i32.const 992 i32.sub local.tee 1 global.set 0 block block local.get 0 local.get 0 f64.sub
f64.const 0x0p+0 (;=0;) f64.ne br_if 0 block local.get 0 f64.const 0x0p+0 (;=0;) f64.ne br_if 0
i32.const 65771 i32.const 3 call 15 br 2 end i32.const 65697 i32.const 65773 local.get 0
f64.const 0x0p+0 (;=0;) f64.lt select local.set 2 i32.const 0 local.set 3 loop local.get 2
local.get 3 i32.add local.set 4 local.get 3 i32.const 1 i32.add local.tee 5 local.set 3 local.get 4
i32.load8_u br_if 0 end local.get 2 local.get 5 i32.const -1 i32.add call 15 local.get 1
i32.const 808 i32.add i32.const 0 i32.const 184 call 4 drop local.get 1 i32.const 608 i32.add
i32.const 4 i32.or i32.const 0 i32.const 188 call 4 drop local.get 1 i32.const 1
i32.store offset=608 local.get 1 i32.const 416 i32.add i32.const 4 i32.or i32.const 0 i32.const 188
call 4 drop local.get 1 i32.const 1 i32.store offset=416 local.get 1 i32.const 224 i32.add
i32.const 4 i32.or i32.const 0 i32.const 188 call 4 drop local.get 1 i32.const 1
i32.store offset=224 local.get 1 local.get 0 f64.neg local.get 0 local.get 0
f64.const 0x0p+0 (;=0;) f64.lt select i64.reinterpret_f64 local.tee 6 i64.store32 offset=800
local.get 1 local.get 6 i64.const 52 i64.shr_u i32.wrap_i64 i32.const 2047 i32.and local.tee 3
i32.const 0 i32.ne i64.extend_i32_u i64.const 52 i64.shl local.get 6 i64.const 4503599627370495
i64.and local.tee 7 i64.or i64.const 32 i64.shr_u i64.store32 offset=804 local.get 1 i32.const 800
i32.add local.get 3 i32.const -1075 i32.add i32.const -1074 local.get 3 select local.tee 4
i32.const 0 local.get 4 i32.const 0 i32.gt_s select local.tee 2 i32.const 2 i32.const 1 local.get 7
i64.eqz local.get 3 i32.const 1 i32.gt_u i32.and local.tee 3 select local.tee 5 i32.add call 18
local.get 1 i32.const 608 i32.add local.get 4 i32.const 31 i32.shr_s i32.const 0 local.get 4
i32.sub i32.and local.get 5 i32.add call 18 local.get 1 i32.const 416 i32.add local.get 2
local.get 3 i32.add call 18 local.get 1 i32.const 224 i32.add local.get 2 call 18 local.get 6
i64.const 1 i64.and local.set 7 i32.const 0 local.set 8 i32.const -1 local.set 9 i32.const 0
local.set 10 loop local.get 1 i32.const 32 i32.add local.get 1 i32.const 800 i32.add i32.const 192
call 3 drop i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 32 i32.add
local.get 3 i32.add local.tee 4 local.get 6 local.get 4 i64.load32_u i64.add local.get 1
i32.const 416 i32.add local.get 3 i32.add i64.load32_u i64.add local.tee 6 i64.store32 local.get 6
i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne
br_if 0 end i32.const 188 local.set 3 block block loop local.get 1 i32.const 32 i32.add local.get 3
i32.add i32.load local.tee 4 local.get 1 i32.const 608 i32.add local.get 3 i32.add i32.load
local.tee 2 i32.ne br_if 1 local.get 3 i32.const -4 i32.add local.tee 3 i32.const -4 i32.ne br_if 0
end i32.const 0 local.set 3 br 1 end i32.const -1 i32.const 1 local.get 4 local.get 2 i32.lt_u
select local.set 3 end local.get 7 i64.eqz local.set 11 block local.get 3 i32.const 0 i32.lt_s
br_if 0 local.get 11 local.get 3 i32.const 0 i32.ne i32.or i32.eqz br_if 0 i64.const 0 local.set 6
i32.const 0 local.set 3 loop local.get 1 i32.const 608 i32.add local.get 3 i32.add local.tee 4
local.get 4 i64.load32_u i64.const 10 i64.mul local.get 6 i64.add local.tee 6 i64.store32
local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add local.tee 3
i32.const 192 i32.ne br_if 0 end local.get 8 i32.const -1 i32.add local.set 8 local.get 9
i32.const 1 i32.add local.set 9 local.get 10 i32.const 1 i32.add local.set 10 br 1 end end loop
local.get 1 i32.const 32 i32.add local.get 1 i32.const 800 i32.add i32.const 192 call 3 drop
i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 32 i32.add local.get 3
i32.add local.tee 4 local.get 6 local.get 4 i64.load32_u i64.add local.get 1 i32.const 416 i32.add
local.get 3 i32.add i64.load32_u i64.add local.tee 6 i64.store32 local.get 6 i64.const 32 i64.shr_u
local.set 6 local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end
i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 32 i32.add local.get 3
i32.add local.tee 4 local.get 4 i64.load32_u i64.const 10 i64.mul local.get 6 i64.add local.tee 6
i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add
local.tee 3 i32.const 192 i32.ne br_if 0 end i32.const 188 local.set 3 block block loop local.get 1
i32.const 32 i32.add local.get 3 i32.add i32.load local.tee 4 local.get 1 i32.const 608 i32.add
local.get 3 i32.add i32.load local.tee 2 i32.ne br_if 1 local.get 3 i32.const -4 i32.add
local.tee 3 i32.const -4 i32.ne br_if 0 end i32.const 0 local.set 3 br 1 end i32.const -1
i32.const 1 local.get 4 local.get 2 i32.lt_u select local.set 3 end block local.get 3 i32.const 0
i32.gt_s br_if 0 local.get 11 local.get 3 i32.eqz i32.and br_if 0 i64.const 0 local.set 6
i32.const 0 local.set 3 loop local.get 1 i32.const 800 i32.add local.get 3 i32.add local.tee 4
local.get 4 i64.load32_u i64.const 10 i64.mul local.get 6 i64.add local.tee 6 i64.store32
local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add local.tee 3
i32.const 192 i32.ne br_if 0 end i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1
i32.const 416 i32.add local.get 3 i32.add local.tee 4 local.get 4 i64.load32_u i64.const 10 i64.mul
local.get 6 i64.add local.tee 6 i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6
local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end i64.const 0
local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 224 i32.add local.get 3 i32.add
local.tee 4 local.get 4 i64.load32_u i64.const 10 i64.mul local.get 6 i64.add local.tee 6
i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add
local.tee 3 i32.const 192 i32.ne br_if 0 end local.get 8 i32.const 1 i32.add local.set 8
local.get 9 i32.const -1 i32.add local.set 9 local.get 10 i32.const -1 i32.add local.set 10 br 1
end end i32.const 0 local.set 12 loop i64.const 0 local.set 6 i32.const 0 local.set 3 loop
local.get 1 i32.const 800 i32.add local.get 3 i32.add local.tee 4 local.get 4 i64.load32_u
i64.const 10 i64.mul local.get 6 i64.add local.tee 6 i64.store32 local.get 6 i64.const 32 i64.shr_u
local.set 6 local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end
i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 416 i32.add local.get 3
i32.add local.tee 4 local.get 4 i64.load32_u i64.const 10 i64.mul local.get 6 i64.add local.tee 6
i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add
local.tee 3 i32.const 192 i32.ne br_if 0 end i64.const 0 local.set 6 i32.const 0 local.set 3 loop
local.get 1 i32.const 224 i32.add local.get 3 i32.add local.tee 4 local.get 4 i64.load32_u
i64.const 10 i64.mul local.get 6 i64.add local.tee 6 i64.store32 local.get 6 i64.const 32 i64.shr_u
local.set 6 local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end
i32.const 48 local.set 5 loop i32.const 188 local.set 3 block block block loop local.get 1
i32.const 800 i32.add local.get 3 i32.add i32.load local.tee 4 local.get 1 i32.const 608 i32.add
local.get 3 i32.add i32.load local.tee 2 i32.ne br_if 1 local.get 3 i32.const -4 i32.add
local.tee 3 i32.const -4 i32.eq br_if 2 br 0 end end local.get 4 local.get 2 i32.lt_u br_if 1 end
i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 800 i32.add local.get 3
i32.add local.tee 4 local.get 4 i64.load32_u local.get 1 i32.const 608 i32.add local.get 3 i32.add
i64.load32_u i64.sub local.get 6 i64.add local.tee 6 i64.store32 local.get 6 i64.const 63 i64.shr_s
local.set 6 local.get 3 i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end
local.get 5 i32.const 1 i32.add local.set 5 br 1 end end local.get 1 i32.const 32 i32.add
local.get 1 i32.const 800 i32.add i32.const 192 call 3 drop i64.const 0 local.set 6 i32.const 0
local.set 3 loop local.get 1 i32.const 32 i32.add local.get 3 i32.add local.tee 4 local.get 6
local.get 4 i64.load32_u i64.add local.get 1 i32.const 416 i32.add local.get 3 i32.add i64.load32_u
i64.add local.tee 6 i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3
i32.const 4 i32.add local.tee 3 i32.const 192 i32.ne br_if 0 end i32.const 188 local.set 3 block
block loop local.get 1 i32.const 800 i32.add local.get 3 i32.add i32.load local.tee 4 local.get 1
i32.const 224 i32.add local.get 3 i32.add i32.load local.tee 2 i32.ne br_if 1 local.get 3
i32.const -4 i32.add local.tee 3 i32.const -4 i32.ne br_if 0 end i32.const 0 local.set 13 br 1 end
i32.const -1 i32.const 1 local.get 4 local.get 2 i32.lt_u select local.set 13 end i32.const 188
local.set 3 block block loop local.get 1 i32.const 32 i32.add local.get 3 i32.add i32.load
local.tee 4 local.get 1 i32.const 608 i32.add local.get 3 i32.add i32.load local.tee 2 i32.ne
br_if 1 local.get 3 i32.const -4 i32.add local.tee 3 i32.const -4 i32.ne br_if 0 end i32.const 0
local.set 3 br 1 end i32.const -1 i32.const 1 local.get 4 local.get 2 i32.lt_u select local.set 3
end i32.const 1 local.set 2 i32.const 1 local.set 4 block local.get 13 i32.const 0 i32.lt_s br_if 0
local.get 11 local.get 13 i32.eqz i32.and local.set 4 end block block local.get 3 i32.const 0
i32.gt_s br_if 0 local.get 4 local.get 11 local.get 3 i32.eqz i32.and local.tee 2 i32.or
i32.const 1 i32.ne br_if 1 end block local.get 2 local.get 4 i32.and i32.const 1 i32.ne br_if 0
i64.const 0 local.set 6 i32.const 0 local.set 3 loop local.get 1 i32.const 800 i32.add local.get 3
i32.add local.tee 4 local.get 4 i64.load32_u i64.const 1 i64.shl local.get 6 i64.add local.tee 6
i64.store32 local.get 6 i64.const 32 i64.shr_u local.set 6 local.get 3 i32.const 4 i32.add
local.tee 3 i32.const 192 i32.ne br_if 0 end i32.const 188 local.set 3 block block loop local.get 1
i32.const 800 i32.add local.get 3 i32.add i32.load local.tee 11 local.get 1 i32.const 608 i32.add
local.get 3 i32.add i32.load local.tee 13 i32.eq local.tee 4 i32.eqz br_if 1 local.get 3
i32.const -4 i32.add local.tee 3 i32.const -4 i32.eq br_if 2 br 0 end end i32.const 1 local.set 2
local.get 11 local.get 13 i32.ge_u br_if 1 end local.get 4 local.get 5 i32.and local.set 2 end
local.get 1 local.get 12 i32.add local.get 5 local.get 2 i32.add i32.store8 local.get 12
i32.const 1 i32.add local.set 2 block block local.get 10 i32.const 4 i32.add i32.const 21 i32.gt_u
br_if 0 block local.get 10 i32.const 0 i32.gt_s br_if 0 i32.const 65691 i32.const 2 call 15
local.get 10 i32.const -1 i32.gt_s br_if 0 loop i32.const 65689 i32.const 1 call 15 local.get 8
i32.const -1 i32.add local.tee 8 br_if 0 end end block local.get 2 i32.eqz br_if 0 local.get 12
i32.const 1 i32.add local.set 4 i32.const 0 local.set 3 loop block local.get 10 i32.const 1
i32.lt_s br_if 0 local.get 10 local.get 3 i32.ne br_if 0 i32.const 65692 i32.const 1 call 15 end
local.get 1 local.get 3 i32.add i32.const 1 call 15 local.get 4 local.get 3 i32.const 1 i32.add
local.tee 3 i32.ne br_if 0 end end local.get 2 local.get 10 i32.ge_s br_if 1 loop i32.const 65689
i32.const 1 call 15 local.get 9 i32.const -1 i32.add local.tee 9 br_if 0 br 2 end end local.get 1
i32.const 1 call 15 i32.const 65692 i32.const 65774 local.get 2 i32.const 1 i32.gt_u select
local.set 2 i32.const 0 local.set 3 loop local.get 2 local.get 3 i32.add local.set 4 local.get 3
i32.const 1 i32.add local.tee 5 local.set 3 local.get 4 i32.load8_u br_if 0 end local.get 2
local.get 5 i32.const -1 i32.add call 15 local.get 1 i32.const 1 i32.or local.get 12 call 15
i32.const 65694 i32.const 65601 local.get 10 i32.const 1 i32.lt_s select local.set 2 i32.const 0
local.set 3 loop local.get 2 local.get 3 i32.add local.set 4 local.get 3 i32.const 1 i32.add
local.tee 5 local.set 3 local.get 4 i32.load8_u br_if 0 end local.get 2 local.get 5 i32.const -1
i32.add call 15 i32.const 1 local.get 10 i32.sub local.get 10 i32.const -1 i32.add local.get 10
i32.const 1 i32.lt_s select i64.extend_i32_s call 17 end i32.const 65773 i32.const 1 call 15 br 3
end local.get 1 local.get 12 i32.add local.get 5 i32.store8 local.get 9 i32.const -1 i32.add
local.set 9 local.get 12 i32.const 1 i32.add local.set 12 br 0 end end i32.const 0 i32.const 4
i32.store offset=65968 unreachable unreachable end local.get 1 i32.const 992 i32.add global.set 0)
(func (type 7) (param i64) (local i32 i32 i64 i32) global.get 0 i32.const 32 i32.sub local.tee 1
global.set 0 i32.const 0 local.set 2 loop local.get 1 local.get 2 i32.add i32.const 19 i32.add
local.get 0 local.get 0 i64.const 10 i64.div_u local.tee 3 i64.const 10 i64.mul i64.sub
i32.wrap_i64 i32.const 48 i32.or i32.store8 local.get 2 i32.const -1 i32.add local.set 2
local.get 0 i64.const 9 i64.gt_u local.set 4 local.get 3 local.set 0 local.get 4 br_if 0 end
local.get 1 local.get 2 i32.add i32.const 20 i32.add i32.const 0 local.get 2 i32.sub call 15
local.get 1 i32.const 32 i32.add global.set 0)
(func (type 5) (param i32 i32) (local i64 i32 i32 i64) block local.get 1 i32.const 31 i32.lt_u
br_if 0 loop i64.const 0 local.set 2 i32.const 0 local.set 3 loop local.get 0 local.get 3 i32.add
local.tee 4 local.get 4 i64.load32_u i64.const 31 i64.shl local.get 2 i64.add local.tee 2
i64.store32 local.get 2 i64.const 32 i64.shr_u local.set 2 local.get 3 i32.const 4 i32.add
local.tee 3 i32.const 192 i32.ne br_if 0 end local.get 1 i32.const -31 i32.add local.tee 1
i32.const 30 i32.gt_u br_if 0 end end i32.const 1 local.get 1 i32.shl i64.extend_i32_u local.set 5
i64.const 0 local.set 2 i32.const 0 local.set 3 loop local.get 0 local.get 3 i32.add local.tee 4
local.get 4 i64.load32_u local.get 5 i64.mul local.get 2 i64.add local.tee 2 i64.store32
local.get 2 i64.const 32 i64.shr_u local.set 2 local.get 3 i32.const 4 i32.add local.tee 3
i32.const 192 i32.ne br_if 0 end)
(table 1 1 funcref)
(memory 2) (global (mut i32) (i32.const 65536))
(export "memory" (memory 0))
(export "reason" (func 0))
(export "alloc" (func 1))
(export "output" (func 5))
(export "output_size" (func 6))
(export "run" (func 7))
(data (i32.const 65536) "PSFRAME1}\00y\00x\00rows\00columns\00nulls\00words\00null\00k\00true\00type\00name\00scale\00{\22coefficients\22:[\00],\22intercept\22:\00,\22rows\22:\00\22,\22error\22:\00,\22value\22:\00,\22residual_sd\22:\00,\22r2\22:\000\000.\00e-\00\22-\00\22category\22\00\22int\22\00\22float\22\00\22bool\22\00\22decimal\22\00\22string\22\00\22date\22\00,{\22column\22:\22\00\220\22\00\00\bd\00\01\00\a4\00\01\00\d7\00\01\00\c4\00\01\00\b5\00\01\00\af\00\01\00\ce\00\01\00\00\00\00\00\00\00\00\00\00\00\f0?\00\00\00\00\00\00$@\00\00\00\00\00\00Y@\00\00\00\00\00@\8f@\00\00\00\00\00\88\c3@\00\00\00\00\00j\f8@\00\00\00\00\80\84.A\00\00\00\00\d0\12cA\00\00\00\00\84\d7\97A\00\00\00\00e\cd\cdA\00\00\00 _\a0\02B\00\00\00\e8vH7B\00\00\00\a2\94\1amB\00\00@\e5\9c0\a2B\00\00\90\1e\c4\bc\d6B\00\004&\f5k\0cC\00\80\e07y\c3AC\00\a0\d8\85W4vC\00\c8Ngm\c1\abC"))
