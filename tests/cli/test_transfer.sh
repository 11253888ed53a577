#!/bin/sh
# Transfer learning: a head is trained on a frozen trunk whose weights come from another run, by train.init_from.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 7
	print "a,b,c,d,kind,other"
	for (i = 0; i < 240; i++) {
		for (k = 0; k < 4; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		k = i % 3
		printf "%.3f,%.3f,%.3f,%.3f,%s,%s\n", k + u[0], u[1] - k, k * u[2], u[3], k == 0 ? "low" : k == 1 ? "mid" : "high", k == 1 ? "yes" : "no"
	}
}' >$C/transfer.csv
code 0 $CC -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -Iruntime -o $C/tensors tests/cli/tensors.c build/libnn.a -lcjson -lm

spec() { # NAME LABEL LAYERS UNITS TRAIN
	cat >$T/$1.yaml <<END
name: $1
seed: 3
data:
  source: {type: csv, header: true, label: $2, ignore: [$([ $2 = kind ] && echo other || echo kind)]}
  train: {file: $C/transfer.csv}
  split: {validation: 0.2, test: 0.2}
blocks:
  Trunk(units)(x):
    layers:
      - Dense(units, activation=tanh)
      - BatchNormalization
model:
  input: [4]
  layers:
$3
train:
  optimizer: Adam(0.02)
  metrics: [accuracy]
  batch_size: 16
  epochs: 4
$5
END
}
build() { # NAME
	code 0 $NNC $T/$1.yaml -o $T/$1.c
	code 0 $CC -std=c11 -D_GNU_SOURCE -O1 -march=native -fopenmp -Wall -Wextra -Wpedantic -Werror -Iruntime -DNN_MODEL="$1_model" -o $T/$1 runtime/main.c $T/$1.c \
		build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
}
spec base kind "    - Dense(8, activation=tanh)
    - BatchNormalization
    - Dense(3, activation=softmax)" 3 "  loss: sparse_categorical_crossentropy"
build base
code 0 $T/base train --out $T/base_run --quiet --threads 1
B=$T/base_run/best.safetensors

# other names here and there; the head is of another shape, and left out by `only`
layers="    - Trunk(8, trainable=false)
    - Dense(1, activation=sigmoid)"
spec head other "$layers" 1 "  loss: binary_crossentropy
  init_from: {file: $B, only: [\"trunk/*\"], rename: {trunk: \"\"}}"
build head
code 0 $T/head train --out $T/run --quiet --threads 1
says "$B: took 6 of 6 tensors"
tensors() { $C/tensors $1 | grep "$2" | sed 's|^trunk/||' | sort; }
tensors $B '^dense/\|^batch_normalization/' >$T/there
for file in last best; do
	tensors $T/run/$file.safetensors '^trunk/' >$T/here
	same $T/there $T/here
done
if [ "$(wc -l <$T/here)" -eq 6 ]; then good; else bad "not six tensors in the trunk"; fi
if $C/tensors $T/run/last.safetensors | grep -q '^train/trunk/'; then bad "a frozen weight has slots"; else good; fi
if $C/tensors $T/run/last.safetensors | grep -q '^train/dense/kernel/m'; then good; else bad "the head has no slots"; fi
accuracy=$(sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $T/run/metrics.json)
if awk "BEGIN { exit !($accuracy > 0.6) }"; then good; else bad "accuracy $accuracy"; fi

# killed and resumed: the file is not read again
code 0 $T/head train --out $T/two --quiet --threads 1 --epochs 2
mv $B $T/away.safetensors
code 0 $T/head train --out $T/two --quiet --threads 1 --epochs 4 --resume
quiet
same $T/run/best.safetensors $T/two/best.safetensors
code 1 $T/head train --out $T/three --quiet
one_line
says "base_run/best.safetensors"
absent $T/three
code 0 $T/head train --out $T/three --quiet --epochs 1 --init $T/run/best.safetensors
says "took"
mv $T/away.safetensors $B

# without `only` the head does not fit: an error that names both shapes, unless the spec says to skip it
layers="    - Dense(8, activation=tanh, trainable=false)
    - BatchNormalization
    - Dense(1, activation=sigmoid)"
spec plain other "$layers" 1 "  loss: binary_crossentropy
  init_from: $B"
build plain
code 1 $T/plain train --out $T/four --quiet
says "'dense_1/kernel' is (8, 3) there, (8, 1) in this model"
one_line
absent $T/four
spec skip other "$layers" 1 "  loss: binary_crossentropy
  init_from: {file: $B, skip_mismatch: true}"
build skip
code 0 $T/skip train --out $T/four --quiet
says "'dense_1/kernel' is (8, 3) there, (8, 1) in this model: it starts from its initializer"
says "took 9 of 11 tensors"
finish
