#!/bin/sh
# Learning rates: schedules and expressions of the step and the epoch are logged, go on exactly after a stop, and are shown by
# info; use_ema ends with the averages; which optimizers are computed with the gradient.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 5
	print "a,b,c,y"
	for (i = 0; i < 40; i++) {
		for (k = 0; k < 3; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		printf "%.3f,%.3f,%.3f,%.3f\n", u[0], u[1], u[2], u[0] - 2 * u[1] * u[2]
	}
}' >$C/rates.csv

variant() { # NAME OPTIMIZER: $T/NAME, tests/cli/rates.yaml with this optimizer
	last="nnc -D train.optimizer=$2"
	$NNC tests/cli/rates.yaml -D name="$1" -D "train.optimizer=$2" -o "$T/$1.c" 2>"$T/err" &&
		$CC -std=c11 -D_GNU_SOURCE -O1 -march=native -fopenmp -Iruntime -DNN_MODEL="$1_model" -o "$T/$1" runtime/main.c "$T/$1.c" \
			build/libnn.a -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread 2>>"$T/err" && good || bad "it can't be built"
}
rates() { # RUN RATE..: the column learning_rate of its history
	run=$1
	shift
	column=$(head -n 1 $run/history.csv | tr , '\n' | grep -n '^learning_rate$' | cut -d: -f1)
	[ -n "$column" ] || { bad "$run/history.csv has no column learning_rate"; return; }
	sed 1d $run/history.csv | cut -d, -f"$column" | awk -v wanted="$*" '
		BEGIN { count = split(wanted, w, " ") }
		{ e = $1 - w[NR]; if (e < -1e-5 * w[NR] || e > 1e-5 * w[NR]) { print "epoch " NR ": " $1 ", not " w[NR]; wrong = 1 } }
		END { exit wrong || NR != count }' >$T/out && good || bad "other rates in $run"
}

trainer rates
D=$C/rates
code 0 $D train --out $T/run --quiet
rates $T/run 0.1 0.1 0.05 0.05 0.025 0.025
code 0 $D info
prints "Optimizer: SGD(0.1*0.5^floor(epoch/2) + 0*step)"
code 0 $D info --json
prints '"optimizer": "SGD(0.1*0.5^floor(epoch/2) + 0*step)"'
code 0 $D selftest

# stopped after an epoch: the same numbers as without
code 0 $D train --out $T/parts --quiet --epochs 3
code 0 $D train --out $T/parts --quiet --resume --epochs 6
same $T/run/history.csv $T/parts/history.csv

# a schedule; its steps are those of the optimizer, five an epoch
variant cosine "Adam(CosineDecay(0.01, 20, warmup_target=0.02, warmup_steps=5))"
code 0 $T/cosine train --out $T/cosine_run --quiet
rates $T/cosine_run 0.018 0.0180901699 0.0115643447 0.00412214748 0.00012311659 0
(sed 1q $T/cosine_run/history.csv) >$T/out
prints "learning_rate,loss"
variant plain "SGD(0.1, momentum=0.9)"
code 0 $T/plain train --out $T/plain_run --quiet
holds $T/plain_run/history.csv "epoch,loss"

# averages: with momentum 1 they stay where the first step has led
variant averaged "SGD(0.1, momentum=0.9, use_ema=true, ema_momentum=1.0)"
code 0 $T/averaged train --out $T/averaged_run --quiet
code 0 $T/averaged predict --weights $T/averaged_run/last.safetensors $C/rates.csv
cp $T/out $T/averaged.csv
code 0 $T/plain train --out $T/one_step --quiet --epochs 1 --steps-per-epoch 1
code 0 $T/plain predict --weights $T/one_step/last.safetensors $C/rates.csv
same $T/out $T/averaged.csv
code 0 $T/averaged train --out $T/averaged_run --quiet --resume
code 0 $T/averaged predict --weights $T/averaged_run/last.safetensors $C/rates.csv
same $T/out $T/averaged.csv

# the update is computed where the gradient is, unless a norm of all of it comes between
steps() { # OPTIMIZER: the number of steps of the training program, without those of single numbers
	last="nnc --kernels -D train.optimizer=$1"
	$NNC tests/cli/rates.yaml -D "train.optimizer=$1" -o $T/steps.c --kernels 2>&1 | sed -n '/^program train$/,/^program predict$/p' | grep -c '\[[^]]'
}
least=$(steps "SGD()")
for name in SGD Adam AdamW RMSprop Adagrad Adadelta Adamax Nadam Ftrl Lion; do
	count=$(steps "$name(clipvalue=1.0)")
	if [ "$count" -eq "$least" ]; then good; else bad "$name takes $count steps, SGD $least"; fi
done
for optimizer in "Adam(clipnorm=1.0)" "Adam(global_clipnorm=1.0)" "Lamb()" "Adafactor()"; do
	count=$(steps "$optimizer")
	if [ "$count" -gt "$least" ]; then good; else bad "$optimizer takes as few steps as SGD"; fi
done
finish
