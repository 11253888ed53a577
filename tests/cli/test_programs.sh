#!/bin/sh
# Trainers of several networks: a loss of terms; steps in turn; the same bits after a kill.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 7
	print "a,b,c,d"
	for (i = 0; i < 240; i++) {
		for (k = 0; k < 4; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		printf "%.3f,%.3f,%.3f,%.3f\n", u[0], u[0] + 0.1*u[1], u[2], 2*u[2] - u[0]
	}
}' >$C/terms.csv
trainer terms
D=$C/terms
code 0 $D selftest
prints "PASS"
prints "evaluate, term kl"
prints "decoder/dense_1/bias"
code 0 $D train --out $T/run --threads 2
quiet
holds $T/run/history.csv epoch,beta,kl,loss,recon,val_beta,val_kl,val_loss,val_recon
sed 1d $T/run/history.csv | awk -F, '{ low = $4 - $5 - $2*$3; high = $8 - $9 - $6*$7; if (low*low + high*high > 1e-8) exit 1; loss[NR] = $9 }
	END { exit !(NR == 8 && loss[8] < 0.7*loss[1]) }' && good || bad "the loss is not recon + beta kl, or is not learned"
code 0 $D evaluate --weights $T/run/best.safetensors --test $C/terms.csv --json $T/m.json
prints " - recon: "
if tr -d '\n' <$T/m.json | grep -q '"terms": {"beta": 0.25,"kl": [0-9.]*,"recon": [0-9.]*}'; then good; else bad "metrics.json has no terms"; fi
code 0 $D predict --weights $T/run/best.safetensors $C/terms.csv
if [ "$(wc -l <$T/out)" -eq 241 ]; then good; else bad "not 240 predictions"; fi
code 0 $D train --out $T/two --threads 1 --epochs 3 --quiet
code 0 $D train --out $T/two --threads 1 --epochs 8 --resume --quiet
same $T/run/last.safetensors $T/two/last.safetensors
same $T/run/history.csv $T/two/history.csv

code 0 $NNC tests/cli/turns.yaml --summary
prints "Multiply-adds, one sample: 144" # 3*12 + 12*4 and 4*12 + 12
# 192 rows are 12 batches: 4 turns of 3, in which the generator moves twice
trainer turns
D=$C/turns
code 0 $D selftest
prints "PASS"
prints "train.generator/generator/dense/kernel/average"
code 0 $D train --out $T/turns --threads 2
quiet
prints "Epoch 8/8"
columns=critic_gap,critic_loss,critic_penalty,generator_loss
holds $T/turns/history.csv epoch,$columns,$(echo $columns | sed 's/[a-z_]*/val_&/g')
if sed 1d $T/turns/history.csv | grep -q nan; then bad "a step did not run in an epoch"; else good; fi
cmp -s $T/turns/best.safetensors $T/turns/last.safetensors && bad "last has no averages" || good
code 1 $D predict --weights $T/turns/best.safetensors $C/terms.csv
says "is the input 'generator.x'"
one_line
code 0 $D evaluate --weights $T/turns/best.safetensors --test $C/terms.csv
prints " - generator_loss: "

# put aside in the middle of an epoch
code 0 $D train --out $T/whole --threads 2 --epochs 1 --steps-per-epoch 20000 --quiet
$D train --out $T/aside --threads 1 --epochs 1 --steps-per-epoch 20000 --quiet 2>$T/err & pid=$!
sleep 0.4
kill -TERM $pid
wait $pid
if [ $? -eq 130 ]; then good; else bad "a training that is stopped does not end with 130"; fi
says "stopped in epoch 1 after"
code 0 $D train --out $T/aside --threads 2 --resume --quiet
same $T/aside/last.safetensors $T/whole/last.safetensors
same $T/aside/history.csv $T/whole/history.csv

# metrics of the first network; of 10 epochs of 12 turns only the 9th has a hundredth
awk 'BEGIN {
	seed = 11
	print "a,b,kind"
	for (i = 0; i < 256; i++) {
		for (k = 0; k < 2; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		printf "%.3f,%.3f,%s\n", i % 3 + 0.8*u[0], 0.8*u[1] - i % 3, i % 3 == 0 ? "low" : i % 3 == 1 ? "mid" : "high"
	}
}' >$C/judged.csv
trainer judged
D=$C/judged
code 0 $D train --out $T/judged --threads 1
prints "weighted avg"
holds $T/judged/history.csv epoch,classifier_loss,other_loss,val_accuracy,val_classifier_loss,val_other_loss
sed 1d $T/judged/history.csv | awk -F, '{ n += $3 != "nan"; at = $3 != "nan" ? $1 : at; best = $4 > best ? $4 : best } END { exit !(n == 1 && at == 9 && best > 0.9) }' &&
	good || bad "other moved in other turns than the hundredth, or nothing is learned"
code 0 $D predict --weights $T/judged/best.safetensors $C/judged.csv
holds $T/out input,prediction,p_high,p_low,p_mid
finish
