#!/bin/sh
# Do the losses of six training steps agree with PyTorch's, from the same weights on the same batch? Dropout is taken out.
# From the root of the repository. PYTHON: a Python with torch and safetensors.
set -eu
OUT=build/tests/bench
mkdir -p "$OUT"
for network in chest_xray mnist breast_cancer; do
	classes=2
	[ $network = mnist ] && classes=10
	sed '/Dropout/d' "specs/$network.yaml" >"$OUT/agree_$network.yaml"
	build/nnc "$OUT/agree_$network.yaml" -o "$OUT/agree_$network.c"
	${CC:-gcc} -std=c11 -D_GNU_SOURCE -O3 -march=native -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math -Iruntime -I"$OUT" \
		-o "$OUT/agree_$network" tests/bench/agree.c "$OUT/agree_$network.c" -Wl,--defsym=bench_model=${network}_model \
		build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
	"$OUT/agree_$network" "$OUT/agree_$network.safetensors" $classes
	"${PYTHON:-python3}" tests/bench/agree.py $network "$OUT/agree_$network.safetensors"
done
