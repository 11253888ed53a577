#!/bin/sh
# Trainers of several networks: a loss of terms; the same bits after a kill.
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
finish
