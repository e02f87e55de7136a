;; Made from native/wasm/histogram.c by build.py.
(module (type (func (result i32))) (type (func (param i32) (result i32)))
(type (func (param i32 i32 i32 i32) (result i32))) (type (func (param i32 i32 i32) (result i32)))
(type (func (param i32 i32) (result i32))) (type (func (param i32 i32 i32)))
(type (func (param i32 i32))) (type (func (param i64)))
(func (type 0) (result i32) i32.const 0 i32.load offset=65936)
(func (type 1) (param i32) (result i32) local.get 0 call 2)
(func (type 1) (param i32) (result i32) (local i32 i32 i32 i64 i64) memory.size local.set 1
i32.const 0 local.set 2 block i32.const 0 i32.load offset=65952 local.tee 3 i32.const 85456
local.get 3 select i32.const 15 i32.add i32.const -16 i32.and local.tee 3 i64.extend_i32_u
local.get 0 i64.extend_i32_u i64.add local.tee 4 i64.const 4294901760 i64.gt_u br_if 0 block
local.get 4 local.get 1 i64.extend_i32_u i64.const 16 i64.shl local.tee 5 i64.le_u br_if 0
local.get 4 local.get 5 i64.sub i64.const 65535 i64.add i64.const 16 i64.shr_u i32.wrap_i64
memory.grow i32.const -1 i32.eq br_if 1 end i32.const 0 local.get 4 i64.store32 offset=65952
local.get 3 local.set 2 end local.get 2)
(func (type 0) (result i32) i32.const 0 i32.load offset=65940)
(func (type 0) (result i32) i32.const 0 i32.load offset=65944)
(func (type 2) (param i32 i32 i32 i32) (result i32)
(local i32 i32 i64 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 f64) global.get 0 i32.const 192
i32.sub local.tee 4 global.set 0 block local.get 3 i32.const 16 i32.lt_u br_if 0 local.get 2
i32.const 7 i32.and br_if 0 i32.const 0 local.set 5 loop block local.get 2 local.get 5 i32.add
i32.load8_u local.get 5 i32.const 65536 i32.add i32.load8_u i32.eq br_if 0 i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end local.get 5 i32.const 1 i32.add local.tee 5
i32.const 8 i32.ne br_if 0 end block block block block block block block local.get 2
i32.load offset=8 local.tee 5 i64.extend_i32_u i64.const 7 i64.add i64.const 8589934584 i64.and
local.tee 6 local.get 3 i32.const -16 i32.add i64.extend_i32_u i64.gt_u br_if 0 local.get 4
local.get 5 i32.store offset=188 local.get 4 local.get 2 i32.const 16 i32.add local.tee 7
i32.store offset=184 local.get 4 i64.const 0 i64.store offset=136 local.get 4 local.get 4
i64.load offset=184 i64.store offset=120 block local.get 4 i32.const 120 i32.add i32.const 65552
local.get 4 i32.const 136 i32.add local.get 4 i32.const 176 i32.add call 6 i32.eqz br_if 0
local.get 4 i32.load offset=176 i32.const 2 i32.ne br_if 0 local.get 4 local.get 4
i64.load offset=136 i64.store offset=112 local.get 4 i32.const 112 i32.add i32.const 65968
i32.const 256 call 7 local.tee 8 i32.const 1 i32.lt_s br_if 7 local.get 4 local.get 5
i32.store offset=188 local.get 4 local.get 7 i32.store offset=184 local.get 4 i64.const 0
i64.store offset=128 local.get 4 local.get 4 i64.load offset=184 i64.store offset=104 block
local.get 4 i32.const 104 i32.add i32.const 65547 local.get 4 i32.const 128 i32.add local.get 4
i32.const 176 i32.add call 6 i32.eqz br_if 0 local.get 4 i32.load offset=176 i32.const 2 i32.ne
br_if 0 local.get 4 i32.load offset=132 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u
br_if 8 local.get 6 i32.wrap_i64 i32.const 16 i32.add local.set 9 local.get 4 i32.load offset=128
local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u local.tee 10 i32.const -58 i32.add
i32.const 255 i32.and i32.const 246 i32.lt_u br_if 9 local.get 10 i64.extend_i32_u i64.const 255
i64.and i64.const 4294967248 i64.add i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul
i64.add local.set 6 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end i32.const 0 local.get 6 i64.store32 offset=68016 local.get 6
i64.const 5000000 i64.gt_u br_if 8 block block block block block block block block block block
block block block block block block block local.get 8 i32.const 1 i32.lt_s br_if 0 i32.const 0
local.set 11 loop local.get 11 i32.const 3 i32.shl i32.const 65968 i32.add i64.load local.set 12
local.get 4 i64.const 0 i64.store offset=176 local.get 4 local.get 12 i64.store offset=184
local.get 4 local.get 12 i64.store offset=96 block block local.get 4 i32.const 96 i32.add
i32.const 65607 local.get 4 i32.const 176 i32.add local.get 4 i32.const 168 i32.add call 6 i32.eqz
br_if 0 local.get 4 i32.load offset=168 i32.const 5 i32.eq br_if 1 end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end local.get 4 i64.const 0 i64.store offset=168
local.get 4 local.get 12 i64.store offset=184 local.get 4 local.get 12 i64.store offset=88 block
block block block local.get 4 i32.const 88 i32.add i32.const 65560 local.get 4 i32.const 168
i32.add local.get 4 i32.const 160 i32.add call 6 i32.eqz br_if 0 local.get 4 i32.load offset=160
i32.const 5 i32.ne br_if 0 i32.const 0 i32.load offset=68016 local.set 13 local.get 4 i64.const 0
i64.store offset=160 local.get 4 local.get 12 i64.store offset=184 local.get 4 local.get 12
i64.store offset=80 block local.get 4 i32.const 80 i32.add i32.const 65602 local.get 4
i32.const 160 i32.add local.get 4 i32.const 144 i32.add call 6 i32.eqz br_if 0 local.get 4
i32.load offset=144 i32.const 5 i32.ne br_if 0 local.get 11 i32.const 40 i32.mul local.tee 14
i32.const 68024 i32.add local.tee 5 local.get 4 i64.load offset=160 i64.store align=4 block
local.get 5 call 8 i32.eqz br_if 0 local.get 4 i64.const 0 i64.store offset=160 local.get 4
local.get 12 i64.store offset=184 local.get 4 local.get 12 i64.store offset=72 block local.get 4
i32.const 72 i32.add i32.const 65597 local.get 4 i32.const 160 i32.add local.get 4 i32.const 144
i32.add call 6 i32.eqz br_if 0 local.get 4 i32.load offset=144 i32.const 5 i32.ne br_if 0
i32.const 0 local.set 15 local.get 4 i32.load offset=164 local.set 16 local.get 4
i32.load offset=160 local.set 17 block loop i32.const 0 local.set 10 block block local.get 15
i32.const 2 i32.shl i32.const 65744 i32.add i32.load local.tee 5 i32.load8_u local.tee 7 i32.eqz
br_if 0 local.get 5 i32.const 1 i32.add local.set 18 i32.const 0 local.set 5 loop local.get 16
local.get 5 i32.eq br_if 2 local.get 17 local.get 5 i32.add i32.load8_u local.get 7 i32.const 255
i32.and i32.ne br_if 2 local.get 18 local.get 5 i32.add local.set 7 local.get 5 i32.const 1 i32.add
local.tee 10 local.set 5 local.get 7 i32.load8_u local.tee 7 br_if 0 end end local.get 10
local.get 16 i32.eq br_if 2 end local.get 15 i32.const 1 i32.add local.tee 15 i32.const 7 i32.ne
br_if 0 end i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable end local.get 14
i32.const 68032 i32.add local.get 15 i32.const 1 i32.add local.tee 17 i32.store block block
local.get 17 i32.const 4 i32.ne br_if 0 local.get 4 i32.load offset=180 local.tee 7 i32.const -11
i32.add i32.const -10 i32.lt_u br_if 1 local.get 14 i32.const 68036 i32.add local.set 16
local.get 4 i32.load offset=176 local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u
local.tee 10 i32.const -58 i32.add i32.const 255 i32.and i32.const 246 i32.lt_u br_if 2
local.get 10 i64.extend_i32_u i64.const 255 i64.and i64.const 4294967248 i64.add
i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul i64.add local.set 6 local.get 5
i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0 end
local.get 16 local.get 6 i64.store32 local.get 6 i64.const 19 i64.ge_u br_if 1 end i32.const 0
local.set 5 i32.const 116 local.set 7 local.get 4 i32.load offset=168 local.set 18 local.get 4
i32.load offset=172 local.set 16 block block loop local.get 16 local.get 5 i32.eq br_if 1
local.get 18 local.get 5 i32.add i32.load8_u local.get 7 i32.const 255 i32.and i32.ne br_if 1
local.get 5 i32.const 65593 i32.add i32.load8_u local.set 7 local.get 5 i32.const 1 i32.add
local.tee 10 local.set 5 local.get 10 i32.const 4 i32.ne br_if 0 end local.get 16 i32.const 4
i32.ne br_if 0 local.get 13 i64.extend_i32_u i64.const 7 i64.add i64.const 3 i64.shr_u i64.const 7
i64.add i64.const 2147483640 i64.and local.tee 6 local.get 3 local.get 9 i32.sub i64.extend_i32_u
i64.gt_u br_if 1 local.get 14 i32.const 68044 i32.add local.get 2 local.get 9 i32.add i32.store
local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9 end block block block local.get 15
i32.const 6 i32.eq br_if 0 local.get 15 i32.const 1 i32.ne br_if 1 end local.get 4 i64.const 0
i64.store offset=144 local.get 4 local.get 12 i64.store offset=184 local.get 4 local.get 12
i64.store offset=64 local.get 4 i32.const 64 i32.add i32.const 65572 local.get 4 i32.const 144
i32.add local.get 4 i32.const 156 i32.add call 6 i32.eqz br_if 1 local.get 4 i32.load offset=156
i32.const 5 i32.ne br_if 1 local.get 4 local.get 4 i64.load offset=144 local.tee 6
i64.store offset=184 block local.get 6 i64.const 32 i64.shr_u i32.wrap_i64 local.tee 5 i32.const 3
i32.ge_s br_if 0 i32.const 0 local.set 10 i32.const 1 local.set 7 br 10 end local.get 6
i32.wrap_i64 local.tee 16 local.get 5 i32.add local.tee 10 i32.const -1 i32.add local.set 18
i32.const 1 local.set 7 local.get 16 i32.const 1 i32.add local.set 5 loop local.get 7 i32.const 1
i32.add local.set 7 local.get 5 local.get 18 call 9 local.tee 5 i32.const 1 i32.add local.tee 16
local.get 5 local.get 16 local.get 10 i32.lt_u select local.get 5 local.get 5 select local.tee 5
i32.eqz br_if 9 local.get 5 i32.const 1 i32.add local.get 10 i32.ge_u br_if 9 br 0 end end block
local.get 13 i64.extend_i32_u i64.const 3 i64.shl local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 0 local.get 14 i32.const 68052 i32.add local.get 2 local.get 9
i32.add local.tee 5 i32.store local.get 14 i32.const 68048 i32.add local.get 5 i32.store
local.get 17 i32.const 5 i32.ne br_if 10 loop local.get 13 i32.eqz br_if 11 block local.get 5
f64.load local.tee 19 local.get 19 f64.sub f64.const 0x0p+0 (;=0;) f64.eq br_if 0 i32.const 0
i32.const 2 i32.store offset=65936 unreachable unreachable end local.get 5 i32.const 8 i32.add
local.set 5 local.get 13 i32.const -1 i32.add local.set 13 br 0 end end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable
end i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable
end local.get 7 i32.const 536862721 i32.ge_u br_if 4 local.get 7 i32.const -1 i32.add local.set 10
end local.get 7 i32.const 3 i32.shl call 2 local.tee 5 i32.eqz br_if 4 local.get 14 i32.const 68060
i32.add local.get 5 i32.store local.get 4 local.get 4 i64.load offset=184 i64.store offset=56 block
local.get 4 i32.const 56 i32.add local.get 5 local.get 10 call 7 local.tee 10 i32.const 0 i32.ge_s
br_if 0 i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable end local.get 14
i32.const 68040 i32.add local.get 10 i32.store local.get 13 i64.extend_i32_u i64.const 2 i64.shl
i64.const 7 i64.add i64.const 34359738360 i64.and local.tee 6 local.get 3 local.get 9 i32.sub
i64.extend_i32_u i64.gt_u br_if 5 local.get 14 i32.const 68056 i32.add local.get 2 local.get 9
i32.add local.tee 5 i32.store local.get 13 i32.eqz br_if 0 local.get 14 i32.const 68044 i32.add
local.set 18 i32.const 0 local.set 7 loop block local.get 5 i32.load local.get 10 i32.lt_u br_if 0
local.get 18 i32.load local.tee 16 i32.eqz br_if 8 local.get 16 local.get 7 i32.const 3 i32.shr_u
i32.add i32.load8_u local.get 7 i32.const 7 i32.and i32.shr_u i32.const 1 i32.and i32.eqz br_if 8
end local.get 5 i32.const 4 i32.add local.set 5 local.get 13 local.get 7 i32.const 1 i32.add
local.tee 7 i32.ne br_if 0 end end local.get 9 local.get 6 i32.wrap_i64 i32.add local.set 9
local.get 11 i32.const 1 i32.add local.tee 11 local.get 8 i32.ne br_if 0 end end i32.const 0
local.get 8 i32.store offset=68020 local.get 9 local.get 3 i32.ne br_if 4 local.get 4 local.get 1
i32.store offset=188 local.get 4 local.get 0 i32.store offset=184 local.get 4 i64.const 0
i64.store offset=176 local.get 4 local.get 4 i64.load offset=184 i64.store offset=48 local.get 4
i32.const 48 i32.add i32.const 65590 local.get 4 i32.const 176 i32.add local.get 4 i32.const 168
i32.add call 6 i32.eqz br_if 5 local.get 4 i32.load offset=168 i32.const 3 i32.ne br_if 5
local.get 4 i32.load offset=180 local.tee 7 i32.const -11 i32.add i32.const -10 i32.lt_u br_if 6
local.get 4 i32.load offset=176 local.set 5 i64.const 0 local.set 6 loop local.get 5 i32.load8_u
local.tee 10 i32.const -58 i32.add i32.const 255 i32.and i32.const 246 i32.lt_u br_if 7
local.get 10 i64.extend_i32_u i64.const 255 i64.and i64.const 4294967248 i64.add
i64.const 4294967295 i64.and local.get 6 i64.const 10 i64.mul i64.add local.set 6 local.get 5
i32.const 1 i32.add local.set 5 local.get 7 i32.const -1 i32.add local.tee 7 br_if 0 end
local.get 6 i64.const 1000000 i64.gt_u br_if 6 local.get 6 i32.wrap_i64 local.tee 13 i32.eqz
br_if 6 local.get 4 local.get 1 i32.store offset=188 local.get 4 local.get 0 i32.store offset=184
local.get 4 i64.const 0 i64.store offset=168 local.get 4 local.get 4 i64.load offset=184
i64.store offset=40 local.get 4 i32.const 40 i32.add i32.const 65578 local.get 4 i32.const 168
i32.add local.get 4 i32.const 176 i32.add call 6 i32.eqz br_if 7 local.get 4 i32.load offset=176
i32.const 3 i32.ne br_if 7 local.get 4 local.get 4 i64.load offset=168 i64.store offset=184 block
block local.get 4 i32.const 184 i32.add call 8 i32.eqz br_if 0 i32.const 0 local.set 16 i32.const 0
i32.load offset=68020 local.tee 15 i32.eqz br_if 0 local.get 4 i32.load offset=184 local.set 14
local.get 4 i32.load offset=188 local.set 18 loop block block local.get 16 i32.const 40 i32.mul
local.tee 5 i32.const 68028 i32.add i32.load local.tee 17 local.get 18 local.get 17 local.get 18
i32.lt_u select local.tee 10 i32.eqz br_if 0 local.get 5 i32.const 68024 i32.add i32.load
local.set 5 local.get 14 local.set 7 loop local.get 5 i32.load8_u local.get 7 i32.load8_u i32.ne
br_if 2 local.get 5 i32.const 1 i32.add local.set 5 local.get 7 i32.const 1 i32.add local.set 7
local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 end end local.get 17 local.get 18 i32.eq
br_if 3 end local.get 16 i32.const 1 i32.add local.tee 16 local.get 15 i32.ne br_if 0 end end
i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable end local.get 4 local.get 1
i32.store offset=188 local.get 4 local.get 0 i32.store offset=184 local.get 4 i64.const 0
i64.store offset=160 local.get 4 local.get 4 i64.load offset=184 i64.store offset=32 local.get 4
i32.const 32 i32.add i32.const 65566 local.get 4 i32.const 160 i32.add local.get 4 i32.const 176
i32.add call 6 i32.eqz br_if 8 local.get 4 i32.load offset=176 i32.const 3 i32.ne br_if 8
local.get 4 local.get 4 i64.load offset=160 i64.store offset=24 block block local.get 4
i32.const 24 i32.add i32.const 78272 i32.const 256 call 7 local.tee 17 i32.const 0 i32.lt_s br_if 0
local.get 17 i32.eqz local.get 16 i32.const 40 i32.mul i32.const 68032 i32.add i32.load local.tee 5
i32.const 2 i32.eq local.get 5 i32.const 7 i32.eq i32.or i32.xor br_if 0 local.get 5 i32.const -1
i32.add br_table 0 1 0 1 end i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable
end block local.get 5 i32.const 7 i32.eq local.get 5 i32.const 2 i32.eq i32.eq br_if 0 local.get 16
i32.const 40 i32.mul i32.const 68040 i32.add local.tee 9 i32.load i32.const 1 i32.add local.tee 5
i32.const 1073725441 i32.ge_u br_if 10 local.get 5 i32.const 2 i32.shl call 2 local.tee 17 i32.eqz
br_if 11 block i32.const 0 i32.load offset=68016 local.tee 10 i32.eqz br_if 0 local.get 16
i32.const 40 i32.mul local.tee 5 i32.const 68056 i32.add local.set 15 local.get 5 i32.const 68044
i32.add i32.load local.set 18 i32.const 0 local.set 7 i32.const 0 local.set 5 loop block block
local.get 18 i32.eqz br_if 0 local.get 18 local.get 5 i32.const 3 i32.shr_u i32.add i32.load8_u
local.get 5 i32.const 7 i32.and i32.shr_u i32.const 1 i32.and br_if 1 end local.get 17 local.get 15
i32.load local.get 7 i32.add i32.load i32.const 2 i32.shl i32.add local.tee 10 local.get 10
i32.load i32.const 1 i32.add i32.store i32.const 0 i32.load offset=68016 local.set 10 end
local.get 7 i32.const 4 i32.add local.set 7 local.get 5 i32.const 1 i32.add local.tee 5
local.get 10 i32.lt_u br_if 0 end end block local.get 9 i32.load local.tee 10 br_if 0 i64.const 0
local.set 6 br 24 end i32.const 0 local.set 7 local.get 17 local.set 5 loop local.get 7 local.get 5
i32.load local.get 13 i32.lt_u i32.add local.set 7 local.get 5 i32.const 4 i32.add local.set 5
local.get 10 i32.const -1 i32.add local.tee 10 br_if 0 br 23 end end block local.get 5 i32.const 5
i32.ne br_if 0 block local.get 17 i32.eqz br_if 0 i32.const 0 local.set 5 local.get 17 local.set 7
loop local.get 4 local.get 5 i32.const 78272 i32.add i64.load local.tee 6 i64.store offset=176
local.get 4 local.get 6 i64.store offset=8 local.get 4 i32.const 8 i32.add local.get 4
i32.const 184 i32.add local.get 4 i32.const 144 i32.add call 10 local.get 4 i64.load offset=184
local.tee 6 i64.const -9007199254740993 i64.add i64.const -18014398509481986 i64.le_u br_if 14
local.get 5 i32.const 81360 i32.add local.get 6 f64.convert_i64_s local.get 4 i32.load offset=144
i32.const 3 i32.shl i32.const 65776 i32.add f64.load f64.div local.tee 19 f64.store block
local.get 5 i32.eqz br_if 0 local.get 19 local.get 5 i32.const 81352 i32.add f64.load f64.le
br_if 16 end local.get 5 i32.const 8 i32.add local.set 5 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end end i32.const 0 local.set 18 i32.const 0 i32.load offset=68016 local.tee 14
i32.eqz br_if 21 local.get 16 i32.const 40 i32.mul local.tee 5 i32.const 68052 i32.add local.set 9
local.get 5 i32.const 68044 i32.add i32.load local.set 15 loop block block local.get 15 i32.eqz
br_if 0 local.get 15 local.get 18 i32.const 3 i32.shr_u i32.add i32.load8_u local.get 18
i32.const 7 i32.and i32.shr_u i32.const 1 i32.and br_if 1 end block block local.get 17 br_if 0
i32.const 0 local.set 5 br 1 end local.get 9 i32.load local.get 18 i32.const 3 i32.shl i32.add
f64.load local.set 19 i32.const 0 local.set 5 local.get 17 local.set 7 loop local.get 5 local.get 5
local.get 7 i32.add i32.const 1 i32.shr_u local.tee 10 i32.const 1 i32.add local.get 19
local.get 10 i32.const 3 i32.shl i32.const 81360 i32.add f64.load f64.lt local.tee 16 select
local.tee 5 local.get 10 local.get 7 local.get 16 select local.tee 7 i32.lt_u br_if 0 end end
local.get 5 i32.const 2 i32.shl i32.const 80320 i32.add local.tee 5 local.get 5 i32.load
i32.const 1 i32.add i32.store end local.get 18 i32.const 1 i32.add local.tee 18 local.get 14 i32.ne
br_if 0 br 22 end end local.get 17 i32.eqz br_if 19 local.get 16 i32.const 40 i32.mul
i32.const 68036 i32.add local.set 15 i32.const 0 local.set 10 loop local.get 15 i32.load
local.set 7 local.get 4 local.get 10 i32.const 3 i32.shl local.tee 18 i32.const 78272 i32.add
i64.load local.tee 6 i64.store offset=176 local.get 4 local.get 6 i64.store offset=16 local.get 4
i32.const 16 i32.add local.get 4 i32.const 184 i32.add local.get 4 i32.const 144 i32.add call 10
local.get 4 i64.load offset=184 local.set 12 block block local.get 4 i32.load offset=144
local.tee 5 local.get 7 i32.ge_u br_if 0 local.get 7 local.get 5 i32.sub local.set 5 local.get 12
local.set 6 loop local.get 6 i64.const -922337203685477581 i64.add i64.const -1844674407370955162
i64.le_u br_if 17 local.get 6 i64.const 10 i64.mul local.set 6 local.get 5 i32.const -1 i32.add
local.tee 5 br_if 0 br 2 end end local.get 12 local.set 6 local.get 5 local.get 7 i32.le_u br_if 0
loop local.get 12 local.get 12 i64.const 10 i64.div_s local.tee 6 i64.const 10 i64.mul i64.sub
i64.eqz i32.eqz br_if 17 local.get 6 local.set 12 local.get 5 i32.const -1 i32.add local.tee 5
local.get 7 i32.gt_u br_if 0 end end local.get 18 i32.const 83408 i32.add local.get 6 i64.store
block local.get 10 i32.eqz br_if 0 local.get 6 local.get 18 i32.const 83400 i32.add i64.load
i64.le_s br_if 17 end local.get 10 i32.const 1 i32.add local.tee 10 local.get 17 i32.ne br_if 0
br 20 end end i32.const 0 i32.const 3 i32.store offset=65936 unreachable unreachable end
i32.const 0 i32.const 3 i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936
unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936 unreachable unreachable
end i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable end i32.const 0
i32.const 1 i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 1
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65936
unreachable unreachable end i32.const 0 i32.const 3 i32.store offset=65936 unreachable unreachable
end i32.const 0 i32.const 3 i32.store offset=65936 unreachable unreachable end i32.const 0
i32.const 1 i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 1
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65936
unreachable unreachable end i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable
end i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable end i32.const 0
i32.const 2 i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936
unreachable unreachable end i32.const 0 local.set 18 i32.const 0 i32.load offset=68016 local.tee 14
i32.eqz br_if 0 local.get 16 i32.const 40 i32.mul local.tee 5 i32.const 68048 i32.add local.set 9
local.get 5 i32.const 68044 i32.add i32.load local.set 15 loop block block local.get 15 i32.eqz
br_if 0 local.get 15 local.get 18 i32.const 3 i32.shr_u i32.add i32.load8_u local.get 18
i32.const 7 i32.and i32.shr_u i32.const 1 i32.and br_if 1 end block block local.get 17 br_if 0
i32.const 0 local.set 5 br 1 end local.get 9 i32.load local.get 18 i32.const 3 i32.shl i32.add
i64.load local.set 6 i32.const 0 local.set 5 local.get 17 local.set 7 loop local.get 5 local.get 5
local.get 7 i32.add i32.const 1 i32.shr_u local.tee 10 i32.const 1 i32.add local.get 6 local.get 10
i32.const 3 i32.shl i32.const 83408 i32.add i64.load i64.lt_s local.tee 16 select local.tee 5
local.get 10 local.get 7 local.get 16 select local.tee 7 i32.lt_u br_if 0 end end local.get 5
i32.const 2 i32.shl i32.const 80320 i32.add local.tee 5 local.get 5 i32.load i32.const 1 i32.add
i32.store end local.get 18 i32.const 1 i32.add local.tee 18 local.get 14 i32.ne br_if 0 end end
i32.const 65613 i32.const 9 call 11 i32.const 0 local.set 18 loop i32.const 65634 i32.const 65635
local.get 18 select local.set 10 i32.const 0 local.set 5 loop local.get 10 local.get 5 i32.add
local.set 7 local.get 5 i32.const 1 i32.add local.tee 16 local.set 5 local.get 7 i32.load8_u
br_if 0 end local.get 10 local.get 16 i32.const -1 i32.add call 11 block block local.get 18
i32.const 2 i32.shl i32.const 80320 i32.add i32.load local.tee 5 local.get 13 i32.ge_u br_if 0
i32.const 65585 i32.const 4 call 11 br 1 end local.get 5 i64.extend_i32_u call 12 end
i32.const 65652 i32.const 8 call 11 block block local.get 18 br_if 0 i32.const 65585 i32.const 4
call 11 br 1 end local.get 18 i32.const 3 i32.shl local.tee 5 i32.const 78264 i32.add i32.load
local.get 5 i32.const 78268 i32.add i32.load call 11 end i32.const 65645 i32.const 6 call 11 block
block local.get 18 local.get 17 i32.lt_u br_if 0 i32.const 65585 i32.const 4 call 11 br 1 end
local.get 18 i32.const 3 i32.shl local.tee 5 i32.const 78272 i32.add i32.load local.get 5
i32.const 78276 i32.add i32.load call 11 end i32.const 65545 i32.const 1 call 11 local.get 18
i32.const 1 i32.add local.tee 18 local.get 17 i32.le_u br_if 0 br 3 end end local.get 7
i64.extend_i32_u local.set 6 end i32.const 65670 i32.const 14 call 11 local.get 6 call 12
i32.const 65623 i32.const 10 call 11 local.get 9 i32.load local.tee 5 i32.eqz br_if 0 local.get 16
i32.const 40 i32.mul i32.const 68060 i32.add local.set 11 i32.const 0 local.set 18 i32.const 0
local.set 15 loop block local.get 17 local.get 18 i32.const 2 i32.shl i32.add local.tee 14 i32.load
local.get 13 i32.lt_u br_if 0 i32.const 65634 i32.const 65635 local.get 15 select local.set 10
i32.const 0 local.set 5 loop local.get 10 local.get 5 i32.add local.set 7 local.get 5 i32.const 1
i32.add local.tee 16 local.set 5 local.get 7 i32.load8_u br_if 0 end local.get 10 local.get 16
i32.const -1 i32.add call 11 local.get 14 i64.load32_u call 12 i32.const 65661 i32.const 8 call 11
local.get 11 i32.load local.get 18 i32.const 3 i32.shl i32.add local.tee 5 i32.load align=1
local.get 5 i32.load offset=4 align=1 call 11 i32.const 65545 i32.const 1 call 11 local.get 15
i32.const 1 i32.add local.set 15 local.get 9 i32.load local.set 5 end local.get 18 i32.const 1
i32.add local.tee 18 local.get 5 i32.lt_u br_if 0 end end i32.const 65544 i32.const 2 call 11
local.get 4 i32.const 192 i32.add global.set 0 i32.const 0 return end i32.const 0 i32.const 2
i32.store offset=65936 unreachable unreachable end i32.const 0 i32.const 2 i32.store offset=65936
unreachable unreachable)
(func (type 2) (param i32 i32 i32 i32) (result i32)
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
local.tee 12 local.get 7 call 9 local.tee 13 i32.eqz br_if 2 local.get 13 local.get 12 i32.eq
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
(func (type 3) (param i32 i32 i32) (result i32) (local i32 i32 i32) i32.const -1 local.set 3 block
block local.get 0 i32.load offset=4 local.tee 4 i32.const 2 i32.lt_u br_if 0 local.get 0 i32.load
local.tee 0 i32.load8_u i32.const 91 i32.ne br_if 0 local.get 4 local.get 0 i32.add i32.const -1
i32.add local.tee 5 i32.load8_u i32.const 93 i32.ne br_if 1 i32.const 0 local.set 3 local.get 4
i32.const 3 i32.lt_s br_if 0 local.get 0 i32.const 1 i32.add local.set 0 i32.const 0 local.set 3
loop local.get 0 local.get 5 call 9 local.tee 4 i32.eqz br_if 2 local.get 4 local.get 0 i32.eq
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
(func (type 5) (param i32 i32 i32) (local i32 i32 i32 i32 i64 i32 i32 i32 i32) block block block
local.get 0 call 8 i32.eqz br_if 0 i32.const 0 local.set 3 block local.get 0 i32.load offset=4
local.tee 4 i32.eqz br_if 0 local.get 0 i32.load i32.load8_u i32.const 45 i32.eq local.set 3 end
local.get 2 i32.const 0 i32.store local.get 4 local.get 3 i32.le_u br_if 2 local.get 4 local.get 3
i32.sub local.set 5 local.get 0 i32.load local.get 3 i32.add local.set 6 i64.const 0 local.set 7
i32.const 0 local.set 8 i32.const 0 local.set 9 i32.const 0 local.set 10 loop block block
local.get 6 i32.load8_u local.tee 11 i32.const 46 i32.ne br_if 0 local.get 9 br_if 0 local.get 10
i32.eqz br_if 0 i32.const 1 local.set 9 br 1 end local.get 11 i32.const -58 i32.add i32.const 255
i32.and i32.const 246 i32.lt_u br_if 3 local.get 10 i32.const 1 i32.add local.tee 10 i32.const 19
i32.ge_u br_if 3 local.get 2 local.get 8 local.get 9 i32.add local.tee 8 i32.store local.get 11
i64.extend_i32_u i64.const 56 i64.shl i64.const 56 i64.shr_s i64.const 4294967248 i64.add
i64.const 4294967295 i64.and local.get 7 i64.const 10 i64.mul i64.add local.set 7 end local.get 6
i32.const 1 i32.add local.set 6 local.get 5 i32.const -1 i32.add local.tee 5 br_if 0 end
local.get 10 i32.eqz br_if 2 local.get 4 local.get 0 i32.load i32.add i32.const -1 i32.add
i32.load8_u i32.const 46 i32.eq br_if 2 local.get 1 i64.const 0 local.get 7 i64.sub local.get 7
local.get 3 select i64.store return end i32.const 0 i32.const 1 i32.store offset=65936 unreachable
unreachable end i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable end
i32.const 0 i32.const 1 i32.store offset=65936 unreachable unreachable)
(func (type 6) (param i32 i32) (local i32 i32 i32 i32 i32 i32) block block i32.const 0
i32.load offset=65948 local.tee 2 i32.const 0 i32.load offset=65944 local.tee 3 i32.sub local.get 1
i32.ge_u br_if 0 local.get 2 local.get 1 i32.add i32.const 1 i32.shl i32.const 4096 i32.add
local.tee 4 call 2 local.tee 5 i32.eqz br_if 1 block i32.const 0 i32.load offset=65944 local.tee 3
i32.eqz br_if 0 i32.const 0 i32.load offset=65940 local.set 2 local.get 5 local.set 6 local.get 3
local.set 7 loop local.get 6 local.get 2 i32.load8_u i32.store8 local.get 2 i32.const 1 i32.add
local.set 2 local.get 6 i32.const 1 i32.add local.set 6 local.get 7 i32.const -1 i32.add
local.tee 7 br_if 0 end end i32.const 0 local.get 4 i32.store offset=65948 i32.const 0 local.get 5
i32.store offset=65940 end block local.get 1 i32.eqz br_if 0 i32.const 0 i32.load offset=65940
local.set 2 loop local.get 2 local.get 3 i32.add local.get 0 i32.load8_u i32.store8 local.get 0
i32.const 1 i32.add local.set 0 local.get 3 i32.const 1 i32.add local.set 3 local.get 1
i32.const -1 i32.add local.tee 1 br_if 0 end i32.const 0 local.get 3 i32.store offset=65944 end
return end i32.const 0 i32.const 3 i32.store offset=65936 unreachable unreachable)
(func (type 7) (param i64) (local i32 i32 i64 i32) global.get 0 i32.const 32 i32.sub local.tee 1
global.set 0 i32.const 0 local.set 2 loop local.get 1 local.get 2 i32.add i32.const 19 i32.add
local.get 0 local.get 0 i64.const 10 i64.div_u local.tee 3 i64.const 10 i64.mul i64.sub
i32.wrap_i64 i32.const 48 i32.or i32.store8 local.get 2 i32.const -1 i32.add local.set 2
local.get 0 i64.const 9 i64.gt_u local.set 4 local.get 3 local.set 0 local.get 4 br_if 0 end
local.get 1 local.get 2 i32.add i32.const 20 i32.add i32.const 0 local.get 2 i32.sub call 11
local.get 1 i32.const 32 i32.add global.set 0)
(table 1 1 funcref)
(memory 2) (global (mut i32) (i32.const 65536))
(export "memory" (memory 0))
(export "reason" (func 0))
(export "alloc" (func 1))
(export "output" (func 3))
(export "output_size" (func 4))
(export "run" (func 5))
(data (i32.const 65536) "PSFRAME1]}\00rows\00columns\00nulls\00edges\00words\00column\00null\00k\00true\00type\00name\00scale\00{\22bins\22:[\00,\22words\22:[\00,{\22count\22:\00,\22to\22:\00,\22from\22:\00,\22word\22:\00{\22suppressed\22:\00\22category\22\00\22int\22\00\22float\22\00\22bool\22\00\22decimal\22\00\22string\22\00\22date\22\00\00\ae\00\01\00\95\00\01\00\c8\00\01\00\b5\00\01\00\a6\00\01\00\a0\00\01\00\bf\00\01\00\00\00\00\00\00\00\00\00\00\00\f0?\00\00\00\00\00\00$@\00\00\00\00\00\00Y@\00\00\00\00\00@\8f@\00\00\00\00\00\88\c3@\00\00\00\00\00j\f8@\00\00\00\00\80\84.A\00\00\00\00\d0\12cA\00\00\00\00\84\d7\97A\00\00\00\00e\cd\cdA\00\00\00 _\a0\02B\00\00\00\e8vH7B\00\00\00\a2\94\1amB\00\00@\e5\9c0\a2B\00\00\90\1e\c4\bc\d6B\00\004&\f5k\0cC\00\80\e07y\c3AC\00\a0\d8\85W4vC\00\c8Ngm\c1\abC"))
