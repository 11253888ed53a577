#!/bin/sh
# A trainer of a table: three classes, missing values, one file that the spec splits; mistakes in the file and on the command line.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 7
	print "a,b,c,d,kind"
	for (i = 0; i < 240; i++) {
		for (k = 0; k < 4; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		k = i % 3
		printf "%.3f,%.3f,%s,%.3f,%s\n", k + u[0], u[1] - k, i % 17 ? sprintf("%.3f", k * u[2]) : "?", u[3], k == 0 ? "low" : k == 1 ? "mid" : "high"
	}
}' >$C/table.csv
trainer table
D=$C/table

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
prints "Epoch 20/20 - "
prints "test: 48 samples"
quiet
accuracy=$(sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $T/run/metrics.json)
if awk "BEGIN { exit !($accuracy > 0.9) }"; then good; else bad "accuracy $accuracy on a table that is easy"; fi
code 0 $D train --out $T/one --threads 1 --quiet
same $T/run/last.safetensors $T/one/last.safetensors
code 0 $D train --out $T/init --threads 1 --quiet --init $T/run/best.safetensors --epochs 1
differ $T/run/last.safetensors $T/init/last.safetensors

# predictions: of rows with and without the label, in all formats
W=$T/run/best.safetensors
code 0 $D predict --weights $W $C/table.csv
holds $T/out "input,prediction,p_low,p_mid,p_high"
if [ "$(wc -l <$T/out)" -eq 241 ]; then good; else bad "not 240 predictions"; fi
sed 1d $T/out | cut -d, -f2- >$T/labelled
cut -d, -f1-4 $C/table.csv >$T/unlabelled.csv
code 0 $D predict --weights $W $T/unlabelled.csv
sed 1d $T/out | cut -d, -f2- >$T/plain
same $T/labelled $T/plain
code 0 $D predict --weights $W --format jsonl $C/table.csv
prints '"p_high": '
code 0 $D predict --weights $W --format npy --output $T/p.npy $C/table.csv
if grep -qa "'shape': (240, 3)" $T/p.npy; then good; else bad "p.npy is no array of 240 x 3"; fi
code 0 $D evaluate --weights $W --test $C/table.csv --json $T/m.json
prints "240 samples"

# other tables
wrong() { # TEXT: a table that must be refused; nothing is left behind
	code 1 $D train --train $T/wrong.csv --out $T/new
	one_line
	says "wrong.csv"
	says "$1"
	absent $T/new
}
cut -d, -f1-3,5 $C/table.csv >$T/wrong.csv
wrong "3 columns"
code 1 $D evaluate --weights $W --test $T/wrong.csv
one_line
code 1 $D predict --weights $W $T/wrong.csv
one_line
code 1 $D predict --weights $W -
says "only texts are read from standard input"
(head -n 9 $C/table.csv && echo "1,2,3") >$T/wrong.csv
wrong ":10:"
(head -n 9 $C/table.csv && echo "1,2,three,4,low") >$T/wrong.csv
wrong "three"
(head -n 9 $C/table.csv && echo "1,2,3,4,lower") >$T/wrong.csv
wrong "lower"
sed '1s/kind/sort/' $C/table.csv >$T/wrong.csv
wrong "kind"
head -n 1 $C/table.csv >$T/wrong.csv
wrong ""
: >$T/wrong.csv
wrong ""
code 1 $D train --train $T --out $T/new
one_line
code 1 $D train --train $C/none.csv --out $T/new
one_line
absent $T/new

# weights of another network
[ -x $C/images ] || { phantoms $C/phantoms 60 && trainer images; }
[ -d $C/phantoms ] || phantoms $C/phantoms 60
code 0 $C/images train --out $T/images --quiet --epochs 1 --threads 1
code 1 $D evaluate --weights $T/images/best.safetensors
one_line
says "in this model"
code 1 $D predict --weights $T/images/best.safetensors $C/table.csv
one_line
code 1 $D train --init $T/images/best.safetensors --out $T/new
says "no tensor of this model"
absent $T/new
code 1 $D train --init $T/none --out $T/new
one_line
finish
