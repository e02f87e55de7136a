;; Made from native/wasm/describe.c by build.py.
(module (type (func (result i32))) (type (func (param i32) (result i32)))
(type (func (param i32 i32 i32) (result i32))) (type (func (param i32 i32 i32 i32) (result i32)))
(type (func (param i32 i32) (result i32))) (type (func (param i32 i32))) (type (func (param i64)))
(type (func (param f64))) (type (func (param i32 i64))) (type (func (param i32 i32) (result f64)))
(type (func (param i64 i64 i32))) (type (func (param i32)))
(func (type 0) (result i32) i32.const 0 i32.load offset=65968)
(func (type 1) (param i32) (result i32) local.get 0 call 2)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i64 i64) memory.size local.set 1
i32.const 0 local.set 2 block i32.const 0 i32.load offset=65984 local.tee 3 i32.const 81376
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
(local i32 i32 i64 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 f64 i64 i64 f64 i64 f64 i64 f64 i64 i64)
global.get 0 i32.const 240 i32.sub local.tee 4 global.set 0 block local.get 3 i32.const 16 i32.lt_u
br_if 0 local.get 2 i32.const 7 i32.and br_if 0 i32.const 0 local.set 5 loop block local.get 2
local.get 5 i32.add i32.load8_u local.get 5 i32.const 65536 i32.add i32.load8_u i32.eq br_if 0
i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 5 i32.const 1
i32.add local.tee 5 i32.const 8 i32.ne br_if 0 end block block local.get 2 i32.load offset=8
local.tee 5 i64.extend_i32_u i64.const 7 i64.add i64.const 8589934584 i64.and local.tee 6
local.get 3 i32.const -16 i32.add i64.extend_i32_u i64.gt_u br_if 0 local.get 4 local.get 5
i32.store offset=164 local.get 4 local.get 2 i32.const 16 i32.add local.tee 7 i32.store offset=160
local.get 4 i64.const 0 i64.store offset=112 local.get 4 local.get 4 i64.load offset=160
i64.store offset=96 block local.get 4 i32.const 96 i32.add i32.const 65564 local.get 4
i32.const 112 i32.add local.get 4 i32.const 152 i32.add call 8 i32.eqz br_if 0 local.get 4
i32.load offset=152 i32.const 2 i32.ne br_if 0 local.get 4 local.get 4 i64.load offset=112
i64.store offset=88 local.get 4 i32.const 88 i32.add i32.const 66000 i32.const 256 call 9
local.tee 8 i32.const 1 i32.lt_s br_if 2 local.get 4 local.get 5 i32.store offset=164 local.get 4
local.get 7 i32.store offset=160 local.get 4 i64.const 0 i64.store offset=104 local.get 4
local.get 4 i64.load offset=160 i64.store offset=80 block block block block block block block block
block block block block block local.get 4 i32.const 80 i32.add i32.const 65559 local.get 4
i32.const 104 i32.add local.get 4 i32.const 152 i32.add call 8 i32.eqz br_if 0 local.get 4
i32.load offset=152 i32.const 2 i32.ne br_if 0 local.get 4 i32.load offset=108 local.tee 7
i32.const -11 i32.add i32.const -10 i32.lt_u br_if 15 local.get 6 i32.wrap_i64 i32.const 16 i32.add
local.set 9 local.get 4 i32.load offset=104 local.set 5 i64.const 0 local.set 6 loop local.get 5
i32.load8_u local.tee 10 i32.const -58 i32.add i32.const 255 i32.and i32.const 246 i32.lt_u
br_if 16 local.get 10 i64.extend_i32_u i64.const 255 i64.and i64.const 4294967248 i64.add
i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul i64.add local.set 6 local.get 5
i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0 end
i32.const 0 local.get 6 i64.store32 offset=68048 local.get 6 i64.const 5000000 i64.gt_u br_if 15
block local.get 8 i32.const 1 i32.lt_s br_if 0 i32.const 0 local.set 11 loop local.get 11
i32.const 3 i32.shl i32.const 66000 i32.add i64.load local.set 12 local.get 4 i64.const 0
i64.store offset=152 local.get 4 local.get 12 i64.store offset=160 local.get 4 local.get 12
i64.store offset=72 block block local.get 4 i32.const 72 i32.add i32.const 65621 local.get 4
i32.const 152 i32.add local.get 4 i32.const 144 i32.add call 8 i32.eqz br_if 0 local.get 4
i32.load offset=144 i32.const 5 i32.eq br_if 1 end i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end local.get 4 i64.const 0 i64.store offset=144 local.get 4 local.get 12
i64.store offset=160 local.get 4 local.get 12 i64.store offset=64 block block block block
local.get 4 i32.const 64 i32.add i32.const 65572 local.get 4 i32.const 144 i32.add local.get 4
i32.const 136 i32.add call 8 i32.eqz br_if 0 local.get 4 i32.load offset=136 i32.const 5 i32.ne
br_if 0 i32.const 0 i32.load offset=68048 local.set 13 local.get 4 i64.const 0 i64.store offset=136
local.get 4 local.get 12 i64.store offset=160 local.get 4 local.get 12 i64.store offset=56 block
local.get 4 i32.const 56 i32.add i32.const 65616 local.get 4 i32.const 136 i32.add local.get 4
i32.const 120 i32.add call 8 i32.eqz br_if 0 local.get 4 i32.load offset=120 i32.const 5 i32.ne
br_if 0 local.get 11 i32.const 40 i32.mul local.tee 14 i32.const 68056 i32.add local.tee 5
local.get 4 i64.load offset=136 i64.store align=4 block local.get 5 call 10 i32.eqz br_if 0
local.get 4 i64.const 0 i64.store offset=136 local.get 4 local.get 12 i64.store offset=160
local.get 4 local.get 12 i64.store offset=48 block local.get 4 i32.const 48 i32.add i32.const 65611
local.get 4 i32.const 136 i32.add local.get 4 i32.const 120 i32.add call 8 i32.eqz br_if 0
local.get 4 i32.load offset=120 i32.const 5 i32.ne br_if 0 i32.const 0 local.set 15 local.get 4
i32.load offset=140 local.set 16 local.get 4 i32.load offset=136 local.set 17 block loop
i32.const 0 local.set 10 block block local.get 15 i32.const 2 i32.shl i32.const 65776 i32.add
i32.load local.tee 5 i32.load8_u local.tee 7 i32.eqz br_if 0 local.get 5 i32.const 1 i32.add
local.set 18 i32.const 0 local.set 5 loop local.get 16 local.get 5 i32.eq br_if 2 local.get 17
local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and i32.ne br_if 2 local.get 18
local.get 5 i32.add local.set 7 local.get 5 i32.const 1 i32.add local.tee 10 local.set 5
local.get 7 i32.load8_u local.tee 7 br_if 0 end end local.get 10 local.get 16 i32.eq br_if 2 end
local.get 15 i32.const 1 i32.add local.tee 15 i32.const 7 i32.ne br_if 0 end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end local.get 14 i32.const 68064 i32.add
local.get 15 i32.const 1 i32.add local.tee 17 i32.store block block local.get 17 i32.const 4 i32.ne
br_if 0 local.get 4 i32.load offset=156 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u
br_if 1 local.get 14 i32.const 68068 i32.add local.set 16 local.get 4 i32.load offset=152
local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u local.tee 10 i32.const -58 i32.add
i32.const 255 i32.and i32.const 246 i32.lt_u br_if 2 local.get 10 i64.extend_i32_u i64.const 255
i64.and i64.const 4294967248 i64.add i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul
i64.add local.set 6 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end local.get 16 local.get 6 i64.store32 local.get 6 i64.const 19 i64.ge_u
br_if 1 end i32.const 0 local.set 5 i32.const 116 local.set 7 local.get 4 i32.load offset=144
local.set 18 local.get 4 i32.load offset=148 local.set 16 block block loop local.get 16 local.get 5
i32.eq br_if 1 local.get 18 local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and
i32.ne br_if 1 local.get 5 i32.const 65601 i32.add i32.load8_u local.set 7 local.get 5 i32.const 1
i32.add local.tee 10 local.set 5 local.get 10 i32.const 4 i32.ne br_if 0 end local.get 16
i32.const 4 i32.ne br_if 0 local.get 13 i64.extend_i32_u i64.const 7 i64.add i64.const 3 i64.shr_u
i64.const 7 i64.add i64.const 2147483640 i64.and local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 1 local.get 14 i32.const 68076 i32.add local.get 2 local.get 9
i32.add i32.store local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9 end block block block
local.get 15 i32.const 6 i32.eq br_if 0 local.get 15 i32.const 1 i32.ne br_if 1 end local.get 4
i64.const 0 i64.store offset=120 local.get 4 local.get 12 i64.store offset=160 local.get 4
local.get 12 i64.store offset=40 local.get 4 i32.const 40 i32.add i32.const 65587 local.get 4
i32.const 120 i32.add local.get 4 i32.const 132 i32.add call 8 i32.eqz br_if 1 local.get 4
i32.load offset=132 i32.const 5 i32.ne br_if 1 local.get 4 local.get 4 i64.load offset=120
local.tee 6 i64.store offset=160 block local.get 6 i64.const 32 i64.shr_u i32.wrap_i64 local.tee 5
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
end local.get 7 i32.const 536862721 i32.ge_u br_if 16 local.get 7 i32.const -1 i32.add local.set 10
end local.get 7 i32.const 3 i32.shl call 2 local.tee 5 i32.eqz br_if 14 local.get 14
i32.const 68092 i32.add local.get 5 i32.store local.get 4 local.get 4 i64.load offset=160
i64.store offset=32 block local.get 4 i32.const 32 i32.add local.get 5 local.get 10 call 9
local.tee 10 i32.const 0 i32.ge_s br_if 0 i32.const 0 i32.const 2 i32.store offset=65968
unreachable unreachable end local.get 14 i32.const 68072 i32.add local.get 10 i32.store
local.get 13 i64.extend_i32_u i64.const 2 i64.shl i64.const 7 i64.add i64.const 34359738360 i64.and
local.tee 6 local.get 3 local.get 9 i32.sub i64.extend_i32_u i64.gt_u br_if 13 local.get 14
i32.const 68088 i32.add local.get 2 local.get 9 i32.add local.tee 5 i32.store local.get 13 i32.eqz
br_if 0 local.get 14 i32.const 68076 i32.add local.set 18 i32.const 0 local.set 7 loop block
local.get 5 i32.load local.get 10 i32.lt_u br_if 0 local.get 18 i32.load local.tee 16 i32.eqz
br_if 14 local.get 16 local.get 7 i32.const 3 i32.shr_u i32.add i32.load8_u local.get 7 i32.const 7
i32.and i32.shr_u i32.const 1 i32.and i32.eqz br_if 14 end local.get 5 i32.const 4 i32.add
local.set 5 local.get 13 local.get 7 i32.const 1 i32.add local.tee 7 i32.ne br_if 0 end end
local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9 local.get 11 i32.const 1 i32.add
local.tee 11 local.get 8 i32.ne br_if 0 end end i32.const 0 local.get 8 i32.store offset=68052
local.get 9 local.get 3 i32.ne br_if 8 local.get 4 local.get 1 i32.store offset=164 local.get 4
local.get 0 i32.store offset=160 local.get 4 i64.const 0 i64.store offset=152 local.get 4
local.get 4 i64.load offset=160 i64.store offset=24 local.get 4 i32.const 24 i32.add
i32.const 65598 local.get 4 i32.const 152 i32.add local.get 4 i32.const 144 i32.add call 8 i32.eqz
br_if 7 local.get 4 i32.load offset=144 i32.const 3 i32.ne br_if 7 local.get 4 i32.load offset=156
local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u br_if 6 local.get 4 i32.load offset=152
local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u local.tee 10 i32.const -58 i32.add
i32.const 255 i32.and i32.const 246 i32.lt_u br_if 7 local.get 10 i64.extend_i32_u i64.const 255
i64.and i64.const 4294967248 i64.add i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul
i64.add local.set 6 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end local.get 6 i64.const 1000000 i64.gt_u br_if 6 local.get 6 i32.wrap_i64
local.tee 3 i32.eqz br_if 6 local.get 4 local.get 1 i32.store offset=164 local.get 4 local.get 0
i32.store offset=160 local.get 4 i64.const 0 i64.store offset=144 local.get 4 local.get 4
i64.load offset=160 i64.store offset=16 local.get 4 i32.const 16 i32.add i32.const 65578
local.get 4 i32.const 144 i32.add local.get 4 i32.const 152 i32.add call 8 i32.eqz br_if 5
local.get 4 i32.load offset=152 i32.const 3 i32.ne br_if 5 i32.const 0 local.set 5 i32.const 116
local.set 7 local.get 4 i32.load offset=148 local.set 2 local.get 4 i32.load offset=144
local.set 16 block block loop local.get 2 local.get 5 i32.eq br_if 1 local.get 16 local.get 5
i32.add i32.load8_u local.get 7 i32.const 255 i32.and i32.ne br_if 1 local.get 5 i32.const 65601
i32.add i32.load8_u local.set 7 local.get 5 i32.const 1 i32.add local.tee 10 local.set 5
local.get 10 i32.const 4 i32.ne br_if 0 end local.get 2 i32.const 4 i32.eq br_if 1 end i32.const 0
local.set 5 i32.const 102 local.set 7 loop local.get 2 local.get 5 i32.eq br_if 6 local.get 16
local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and i32.ne br_if 6 local.get 5
i32.const 65606 i32.add i32.load8_u local.set 7 local.get 5 i32.const 1 i32.add local.tee 10
local.set 5 local.get 10 i32.const 5 i32.ne br_if 0 end local.get 2 i32.const 5 i32.ne br_if 5 end
local.get 4 local.get 1 i32.store offset=164 local.get 4 local.get 0 i32.store offset=160
local.get 4 i64.const 0 i64.store offset=136 local.get 4 local.get 4 i64.load offset=160
i64.store offset=8 local.get 4 i32.const 8 i32.add i32.const 65564 local.get 4 i32.const 136
i32.add local.get 4 i32.const 152 i32.add call 8 i32.eqz br_if 3 local.get 4 i32.load offset=152
i32.const 3 i32.ne br_if 3 local.get 4 local.get 4 i64.load offset=136 local.tee 12 i64.store
local.get 4 local.get 12 i64.store offset=152 local.get 4 i32.const 79328 i32.const 256 call 9
local.tee 11 i32.const 1 i32.lt_s br_if 2 i32.const 0 local.set 9 loop local.get 4 local.get 9
i32.const 3 i32.shl i32.const 79328 i32.add i64.load i64.store offset=160 block block local.get 4
i32.const 160 i32.add call 10 i32.eqz br_if 0 i32.const 0 i32.load offset=68052 local.tee 13
i32.eqz br_if 0 i32.const 0 local.set 16 local.get 4 i32.load offset=160 local.set 14 local.get 4
i32.load offset=164 local.set 18 loop local.get 16 i32.const 40 i32.mul local.tee 5 i32.const 68056
i32.add local.set 15 block block local.get 5 i32.const 68060 i32.add i32.load local.tee 17
local.get 18 local.get 17 local.get 18 i32.lt_u select local.tee 10 i32.eqz br_if 0 local.get 15
i32.load local.set 5 local.get 14 local.set 7 loop local.get 5 i32.load8_u local.get 7 i32.load8_u
i32.ne br_if 2 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const 1 i32.add
local.set 7 local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end local.get 17
local.get 18 i32.eq br_if 3 end local.get 16 i32.const 1 i32.add local.tee 16 local.get 13 i32.ne
br_if 0 end end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable end
local.get 9 i32.const 2 i32.shl i32.const 78304 i32.add local.get 15 i32.store local.get 9
i32.const 1 i32.add local.tee 9 local.get 11 i32.ne br_if 0 end block local.get 11 i32.const 2
i32.lt_u br_if 0 i32.const 0 i32.load offset=78304 local.tee 5 i32.load offset=4 align=1
local.set 10 local.get 5 i32.load align=1 local.set 5 i32.const 1 local.set 17 loop local.get 17
i32.const 2 i32.shl i32.const 78304 i32.add i32.load local.tee 16 i32.load align=1 local.tee 13
local.set 7 block block block local.get 10 local.get 16 i32.load offset=4 align=1 local.tee 15
local.get 10 local.get 15 i32.lt_u local.tee 14 select local.tee 10 i32.eqz br_if 0 block loop
local.get 5 i32.load8_u local.tee 16 local.get 7 i32.load8_u local.tee 18 i32.ne br_if 1
local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const 1 i32.add local.set 7
local.get 10 i32.const -1 i32.add local.tee 10 i32.eqz br_if 2 br 0 end end local.get 16
local.get 18 i32.ge_u br_if 1 br 2 end local.get 14 br_if 1 end i32.const 0 i32.const 1
i32.store offset=65968 unreachable unreachable end local.get 15 local.set 10 local.get 13
local.set 5 local.get 17 i32.const 1 i32.add local.tee 17 local.get 11 i32.ne br_if 0 end end
i32.const 0 i32.load offset=68048 local.get 3 i32.lt_u br_if 1 i32.const 65546 i32.const 12 call 12
local.get 11 i32.const 1 local.get 11 i32.const 1 i32.gt_u select local.set 14 local.get 6
i64.const 4294967295 i64.and local.set 20 local.get 2 i32.const 4 i32.ne local.set 9 local.get 4
i32.const 184 i32.add local.set 11 i32.const 0 local.set 15 loop i32.const 65760 i32.const 65761
local.get 15 select local.set 10 i32.const 0 local.set 5 loop local.get 10 local.get 5 i32.add
local.set 7 local.get 5 i32.const 1 i32.add local.tee 16 local.set 5 local.get 7 i32.load8_u
br_if 0 end local.get 10 local.get 16 i32.const -1 i32.add call 12 local.get 15 i32.const 2 i32.shl
i32.const 78304 i32.add local.tee 5 i32.load local.tee 7 i32.load align=1 local.get 7
i32.load offset=4 align=1 call 12 i32.const 65684 i32.const 2 call 12 local.get 5 i32.load
local.set 16 i32.const 0 local.set 13 local.get 4 i32.const 160 i32.add i32.const 0 i32.const 80
call 4 drop block local.get 9 br_if 0 local.get 16 i32.load offset=8 local.tee 5 i32.const 2 i32.ne
local.get 5 i32.const 7 i32.ne i32.and local.set 13 end block block i32.const 0
i32.load offset=68048 local.tee 18 br_if 0 i64.const 0 local.set 21 f64.const 0x0p+0 (;=0;)
local.set 22 i64.const 0 local.set 23 f64.const 0x0p+0 (;=0;) local.set 24 i64.const 0 local.set 25
f64.const 0x0p+0 (;=0;) local.set 26 i64.const 0 local.set 27 i64.const 0 local.set 12 br 1 end
local.get 16 i32.load offset=20 local.set 10 i64.const 0 local.set 27 f64.const 0x0p+0 (;=0;)
local.set 26 i32.const 0 local.set 7 i64.const 0 local.set 25 i64.const 0 local.set 21 i64.const 0
local.set 23 f64.const 0x0p+0 (;=0;) local.set 24 f64.const 0x0p+0 (;=0;) local.set 22 i64.const 0
local.set 12 i32.const 0 local.set 5 loop local.get 12 local.set 6 block block local.get 10 i32.eqz
br_if 0 local.get 10 local.get 5 i32.const 3 i32.shr_u i32.add i32.load8_u local.get 5 i32.const 7
i32.and i32.shr_u i32.const 1 i32.and i32.eqz br_if 0 local.get 6 local.set 12 br 1 end local.get 6
i64.const 1 i64.add local.set 12 block block local.get 16 i32.load offset=8 i32.const -2 i32.add
br_table 2 1 1 0 1 2 1 end local.get 22 local.get 16 i32.load offset=28 local.get 7 i32.add
f64.load local.tee 19 f64.add local.set 22 block local.get 6 i64.eqz i32.eqz br_if 0 i64.const 1
local.set 12 local.get 19 local.set 26 local.get 19 local.set 24 br 2 end local.get 19 local.get 24
local.get 19 local.get 24 f64.lt select local.set 24 local.get 19 local.get 26 f64.gt i32.eqz
br_if 1 local.get 19 local.set 26 br 1 end local.get 16 i32.load offset=24 local.get 7 i32.add
i64.load local.tee 28 local.get 28 local.get 27 local.get 28 local.get 27 i64.gt_s select
local.get 6 i64.eqz local.tee 17 select local.set 27 local.get 28 local.get 28 local.get 25
local.get 28 local.get 25 i64.lt_s select local.get 17 select local.set 25 local.get 23
local.get 28 i64.const 63 i64.shr_s i64.add local.get 21 local.get 28 i64.add local.tee 6
local.get 21 i64.lt_u i64.extend_i32_u i64.add local.set 23 local.get 6 local.set 21 end
local.get 7 i32.const 8 i32.add local.set 7 local.get 18 local.get 5 i32.const 1 i32.add
local.tee 5 i32.ne br_if 0 end local.get 11 local.get 23 i64.store local.get 4 local.get 21
i64.store offset=176 local.get 4 local.get 26 f64.store offset=224 local.get 4 local.get 24
f64.store offset=216 local.get 4 local.get 22 f64.store offset=192 local.get 4 local.get 12
i64.store offset=160 local.get 4 local.get 27 i64.store offset=208 local.get 4 local.get 25
i64.store offset=200 end block block block block local.get 12 local.get 20 i64.lt_u br_if 0
i32.const 65635 i32.const 9 call 12 local.get 12 call 13 i32.const 65627 i32.const 7 call 12
local.get 13 br_if 1 i32.const 65593 i32.const 4 call 12 br 2 end i32.const 65593 i32.const 4
call 12 br 2 end block local.get 16 i32.load offset=8 i32.const 5 i32.ne br_if 0 local.get 26
call 14 br 1 end local.get 16 local.get 27 call 15 end i32.const 65663 i32.const 8 call 12 block
block block local.get 16 i32.load offset=8 local.tee 5 i32.const 6 i32.gt_u br_if 0 i32.const 1
local.get 5 i32.shl i32.const 114 i32.and br_if 1 end i32.const 65593 i32.const 4 call 12 br 1 end
local.get 4 i32.const 160 i32.add local.get 16 call 16 call 14 end i32.const 65655 i32.const 7
call 12 block block local.get 13 br_if 0 i32.const 65593 i32.const 4 call 12 br 1 end block
local.get 16 i32.load offset=8 i32.const 5 i32.ne br_if 0 local.get 24 call 14 br 1 end
local.get 16 local.get 25 call 15 end i32.const 65680 i32.const 6 call 12 block block block
local.get 16 i32.load offset=8 local.tee 17 i32.const 1 i32.ne local.get 17 i32.const -4 i32.add
i32.const 2 i32.gt_u i32.and br_if 0 local.get 12 i64.const 1 i64.gt_u br_if 1 end i32.const 65593
i32.const 4 call 12 br 1 end local.get 4 i32.const 160 i32.add local.get 16 call 16 local.set 26
block block i32.const 0 i32.load offset=68048 local.tee 18 br_if 0 f64.const 0x0p+0 (;=0;)
local.set 19 br 1 end local.get 16 i32.load offset=20 local.set 10 f64.const 0x0p+0 (;=0;)
local.set 19 i32.const 0 local.set 7 i32.const 0 local.set 5 loop block block local.get 10 i32.eqz
br_if 0 local.get 10 local.get 5 i32.const 3 i32.shr_u i32.add i32.load8_u local.get 5 i32.const 7
i32.and i32.shr_u i32.const 1 i32.and br_if 1 end block block local.get 17 i32.const 5 i32.ne
br_if 0 local.get 16 i32.load offset=28 local.get 7 i32.add f64.load local.set 24 br 1 end
local.get 16 i32.load offset=24 local.get 7 i32.add i64.load f64.convert_i64_s local.get 16
i32.load offset=12 i32.const 3 i32.shl i32.const 65808 i32.add f64.load f64.div local.set 24 end
local.get 19 local.get 24 local.get 26 f64.sub local.tee 24 local.get 24 f64.mul f64.add
local.set 19 end local.get 7 i32.const 8 i32.add local.set 7 local.get 18 local.get 5 i32.const 1
i32.add local.tee 5 i32.ne br_if 0 end end local.get 19 local.get 12 i64.const -1 i64.add
f64.convert_i64_u f64.div f64.sqrt call 14 end i32.const 65672 i32.const 7 call 12 block block
block block local.get 16 i32.load offset=8 i32.const -1 i32.add br_table 2 0 0 2 1 2 0 end
i32.const 65593 i32.const 4 call 12 br 2 end local.get 22 call 14 br 1 end local.get 21
local.get 23 local.get 16 i32.load offset=12 call 17 end i32.const 65544 i32.const 1 call 12 end
local.get 15 i32.const 1 i32.add local.tee 15 local.get 14 i32.ne br_if 0 end i32.const 65645
i32.const 9 call 12 i32.const 0 i64.load32_u offset=68048 call 13 i32.const 65544 i32.const 1
call 12 local.get 4 i32.const 240 i32.add global.set 0 i32.const 0 return end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 5
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 1 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 1 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 1
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 3
i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 3 i32.store offset=65968
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable
end i32.const 0 i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65968 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable)
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
(func (type 6) (param i64) (local i32 i32 i64 i32) global.get 0 i32.const 32 i32.sub local.tee 1
global.set 0 i32.const 0 local.set 2 loop local.get 1 local.get 2 i32.add i32.const 19 i32.add
local.get 0 local.get 0 i64.const 10 i64.div_u local.tee 3 i64.const 10 i64.mul i64.sub
i32.wrap_i64 i32.const 48 i32.or i32.store8 local.get 2 i32.const -1 i32.add local.set 2
local.get 0 i64.const 9 i64.gt_u local.set 4 local.get 3 local.set 0 local.get 4 br_if 0 end
local.get 1 local.get 2 i32.add i32.const 20 i32.add i32.const 0 local.get 2 i32.sub call 12
local.get 1 i32.const 32 i32.add global.set 0)
(func (type 7) (param f64) (local i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32) global.get 0
i32.const 992 i32.sub local.tee 1 global.set 0 block block local.get 0 local.get 0 f64.sub
f64.const 0x0p+0 (;=0;) f64.ne br_if 0 block local.get 0 f64.const 0x0p+0 (;=0;) f64.ne br_if 0
i32.const 65756 i32.const 3 call 12 br 2 end i32.const 65695 i32.const 65761 local.get 0
f64.const 0x0p+0 (;=0;) f64.lt select local.set 2 i32.const 0 local.set 3 loop local.get 2
local.get 3 i32.add local.set 4 local.get 3 i32.const 1 i32.add local.tee 5 local.set 3 local.get 4
i32.load8_u br_if 0 end local.get 2 local.get 5 i32.const -1 i32.add call 12 local.get 1
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
br_if 0 block local.get 10 i32.const 0 i32.gt_s br_if 0 i32.const 65689 i32.const 2 call 12
local.get 10 i32.const -1 i32.gt_s br_if 0 loop i32.const 65687 i32.const 1 call 12 local.get 8
i32.const -1 i32.add local.tee 8 br_if 0 end end block local.get 2 i32.eqz br_if 0 local.get 12
i32.const 1 i32.add local.set 4 i32.const 0 local.set 3 loop block local.get 10 i32.const 1
i32.lt_s br_if 0 local.get 10 local.get 3 i32.ne br_if 0 i32.const 65690 i32.const 1 call 12 end
local.get 1 local.get 3 i32.add i32.const 1 call 12 local.get 4 local.get 3 i32.const 1 i32.add
local.tee 3 i32.ne br_if 0 end end local.get 2 local.get 10 i32.ge_s br_if 1 loop i32.const 65687
i32.const 1 call 12 local.get 9 i32.const -1 i32.add local.tee 9 br_if 0 br 2 end end local.get 1
i32.const 1 call 12 i32.const 65690 i32.const 65762 local.get 2 i32.const 1 i32.gt_u select
local.set 2 i32.const 0 local.set 3 loop local.get 2 local.get 3 i32.add local.set 4 local.get 3
i32.const 1 i32.add local.tee 5 local.set 3 local.get 4 i32.load8_u br_if 0 end local.get 2
local.get 5 i32.const -1 i32.add call 12 local.get 1 i32.const 1 i32.or local.get 12 call 12
i32.const 65692 i32.const 65625 local.get 10 i32.const 1 i32.lt_s select local.set 2 i32.const 0
local.set 3 loop local.get 2 local.get 3 i32.add local.set 4 local.get 3 i32.const 1 i32.add
local.tee 5 local.set 3 local.get 4 i32.load8_u br_if 0 end local.get 2 local.get 5 i32.const -1
i32.add call 12 i32.const 1 local.get 10 i32.sub local.get 10 i32.const -1 i32.add local.get 10
i32.const 1 i32.lt_s select i64.extend_i32_s call 13 end i32.const 65761 i32.const 1 call 12 br 3
end local.get 1 local.get 12 i32.add local.get 5 i32.store8 local.get 9 i32.const -1 i32.add
local.set 9 local.get 12 i32.const 1 i32.add local.set 12 br 0 end end i32.const 0 i32.const 4
i32.store offset=65968 unreachable unreachable end local.get 1 i32.const 992 i32.add global.set 0)
(func (type 8) (param i32 i64) (local i32 i32 i32 i64 i64 i32) block block block block local.get 0
i32.load offset=8 i32.const -1 i32.add br_table 0 2 1 2 end i32.const 65605 i32.const 65600
local.get 1 i64.eqz select local.set 2 i32.const 0 local.set 0 loop local.get 2 local.get 0 i32.add
local.set 3 local.get 0 i32.const 1 i32.add local.tee 4 local.set 0 local.get 3 i32.load8_u br_if 0
end local.get 2 local.get 4 i32.const -1 i32.add call 12 return end local.get 1 i64.const 719468
i64.add local.tee 5 i64.const 146097 i64.div_s local.tee 6 i64.const -146097 i64.mul local.get 5
i64.add i32.wrap_i64 local.tee 0 local.get 0 local.get 0 i32.const 36524 i32.div_u i32.add
local.get 0 i32.const 1460 i32.div_u local.get 0 i32.const 146096 i32.div_u i32.add i32.sub
local.tee 0 i32.const 1460 i32.div_u i32.sub local.get 0 i32.const 36500 i32.div_u i32.add
local.get 0 i32.const 365 i32.div_u local.tee 2 i32.const -365 i32.mul i32.add local.tee 4
i32.const 5 i32.mul i32.const 2 i32.add local.tee 0 i32.const 153 i32.div_u local.set 3 local.get 1
i64.const -719162 i64.lt_s br_if 1 local.get 2 local.get 6 i32.wrap_i64 i32.const 400 i32.mul
i32.add local.get 0 i32.const 1529 i32.gt_u i32.add local.tee 2 i32.const 10000 i32.ge_u br_if 1
i32.const 65761 i32.const 1 call 12 local.get 2 i32.const 65535 i32.and i32.const 100 i32.div_u
local.tee 7 call 19 local.get 2 local.get 7 i32.const 100 i32.mul i32.sub i32.const 65535 i32.and
call 19 i32.const 65696 i32.const 1 call 12 i32.const 3 i32.const -9 local.get 0 i32.const 1530
i32.lt_u select local.get 3 i32.add call 19 i32.const 65696 i32.const 1 call 12 local.get 4
local.get 3 i32.const 153 i32.mul i32.const 2 i32.add i32.const 5 i32.div_u i32.sub i32.const 1
i32.add call 19 i32.const 65761 i32.const 1 call 12 return end local.get 1 local.get 1 i64.const 63
i64.shr_s local.get 0 i32.load offset=12 call 17 return end i32.const 0 i32.const 2
i32.store offset=65968 unreachable unreachable)
(func (type 9) (param i32 i32) (result f64) (local i64 i64 i32 f64) block local.get 1
i32.load offset=8 i32.const 5 i32.ne br_if 0 local.get 0 f64.load offset=32 local.get 0 i64.load
f64.convert_i64_u f64.div return end i64.const 0 local.get 0 i32.const 24 i32.add i64.load
local.tee 2 local.get 0 i64.load offset=16 local.tee 3 i64.const 0 i64.ne i64.extend_i32_u i64.add
i64.sub local.get 2 local.get 2 i64.const 0 i64.lt_s local.tee 4 select f64.convert_i64_u
f64.const 0x1p+64 (;=1.84467e+19;) f64.mul i64.const 0 local.get 3 i64.sub local.get 3 local.get 4
select f64.convert_i64_u f64.add local.tee 5 f64.neg local.get 5 local.get 4 select local.get 0
i64.load f64.convert_i64_u f64.div local.get 1 i32.load offset=12 i32.const 3 i32.shl
i32.const 65808 i32.add f64.load f64.div)
(func (type 10) (param i64 i64 i32) (local i32 i32 i64 i32 i32 i32) global.get 0 i32.const 80
i32.sub local.tee 3 global.set 0 local.get 3 i64.const 0 local.get 0 i64.sub local.get 0
local.get 1 i64.const 0 i64.lt_s local.tee 4 select local.tee 5 i64.const 32 i64.shr_u
i64.store offset=8 local.get 3 local.get 5 i64.const 4294967295 i64.and i64.store local.get 3
i64.const 0 local.get 1 local.get 0 i64.const 0 i64.ne i64.extend_i32_u i64.add i64.sub local.get 1
local.get 4 select local.tee 0 i64.const 32 i64.shr_u i64.store offset=24 local.get 3 local.get 0
i64.const 4294967295 i64.and i64.store offset=16 i32.const 0 local.set 6 i32.const 48 local.set 7
block loop block local.get 6 local.get 2 i32.le_s br_if 0 local.get 3 i64.load offset=8 local.get 3
i64.load i64.or local.get 3 i64.load offset=16 i64.or local.get 3 i64.load offset=24 i64.or i64.eqz
br_if 2 end i64.const 0 local.set 0 i32.const 24 local.set 4 loop local.get 3 local.get 4 i32.add
local.tee 8 local.get 8 i64.load local.get 0 i64.const 32 i64.shl i64.or local.tee 0 i64.const 10
i64.div_u local.tee 5 i64.store local.get 0 local.get 5 i64.const 10 i64.mul i64.sub local.set 0
local.get 4 i32.const -8 i32.add local.tee 4 i32.const -8 i32.ne br_if 0 end block local.get 2
i32.eqz br_if 0 local.get 6 local.get 2 i32.ne br_if 0 local.get 3 i32.const 32 i32.add local.get 7
i32.const -1 i32.add local.tee 7 i32.add i32.const 46 i32.store8 end local.get 3 i32.const 32
i32.add local.get 7 i32.const -1 i32.add local.tee 7 i32.add local.get 0 i32.wrap_i64 i32.const 48
i32.or i32.store8 local.get 6 i32.const 1 i32.add local.set 6 br 0 end end i32.const 65695
i32.const 65761 local.get 1 i64.const 0 i64.lt_s select local.set 6 i32.const 0 local.set 4 loop
local.get 6 local.get 4 i32.add local.set 8 local.get 4 i32.const 1 i32.add local.tee 2 local.set 4
local.get 8 i32.load8_u br_if 0 end local.get 6 local.get 2 i32.const -1 i32.add call 12
local.get 3 i32.const 32 i32.add local.get 7 i32.add i32.const 48 local.get 7 i32.sub call 12
i32.const 65761 i32.const 1 call 12 local.get 3 i32.const 80 i32.add global.set 0)
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
(func (type 11) (param i32) (local i32 i32 i32 i32) i32.const 65687 i32.const 65762 local.get 0
i32.const 10 i32.lt_u select local.set 1 i32.const 0 local.set 2 loop local.get 1 local.get 2
i32.add local.set 3 local.get 2 i32.const 1 i32.add local.tee 4 local.set 2 local.get 3 i32.load8_u
br_if 0 end local.get 1 local.get 4 i32.const -1 i32.add call 12 local.get 0 i64.extend_i32_u
call 13)
(table 1 1 funcref)
(memory 2) (global (mut i32) (i32.const 65536))
(export "memory" (memory 0))
(export "reason" (func 0))
(export "alloc" (func 1))
(export "output" (func 5))
(export "output_size" (func 6))
(export "run" (func 7))
(data (i32.const 65536) "PSFRAME1}\00{\22columns\22:{\00rows\00columns\00nulls\00extremes\00words\00null\00k\00true\00false\00type\00name\00scale\00,\22max\22:\00{\22count\22:\00},\22rows\22:\00,\22min\22:\00,\22mean\22:\00,\22sum\22:\00,\22sd\22:\000\000.\00e-\00\22-\00\22category\22\00\22int\22\00\22float\22\00\22bool\22\00\22decimal\22\00\22string\22\00\22date\22\00\220\22\00,\22\00\00\00\00\00\00\00\00\00\00\00\00\00\00\bb\00\01\00\a2\00\01\00\d5\00\01\00\c2\00\01\00\b3\00\01\00\ad\00\01\00\cc\00\01\00\00\00\00\00\00\00\00\00\00\00\f0?\00\00\00\00\00\00$@\00\00\00\00\00\00Y@\00\00\00\00\00@\8f@\00\00\00\00\00\88\c3@\00\00\00\00\00j\f8@\00\00\00\00\80\84.A\00\00\00\00\d0\12cA\00\00\00\00\84\d7\97A\00\00\00\00e\cd\cdA\00\00\00 _\a0\02B\00\00\00\e8vH7B\00\00\00\a2\94\1amB\00\00@\e5\9c0\a2B\00\00\90\1e\c4\bc\d6B\00\004&\f5k\0cC\00\80\e07y\c3AC\00\a0\d8\85W4vC\00\c8Ngm\c1\abC"))
