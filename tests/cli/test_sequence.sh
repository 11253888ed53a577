#!/bin/sh
# A trainer of sequences of different lengths: a task that can only be done where the filling does not count, predictions of rows with
# labels and without, a program that embeds the network, lengths as a column, rows that are wrong.
. tests/cli/lib.sh
# both classes look alike but for their means, 0.45 and 0.55; the second variable is noise
awk 'BEGIN {
	srand(7)
	for (i = 0; i < 400; i++) {
		steps = 4 + int(37*rand()); sum = 0
		for (t = 0; t < steps; t++) { v[t] = rand(); sum += v[t] }
		line = i % 2 ? "1.0e0" : "-1"
		for (t = 0; t < steps; t++) line = line "\t" v[t] - sum/steps + (i % 2 ? 0.55 : 0.45) "\t" 100*rand()
		print line
	}
}' >$C/lengths.txt
trainer lengths
D=$C/lengths

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
accuracy() { sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $1/metrics.json; }
if awk "BEGIN { exit !($(accuracy $T/run) > 0.95) }"; then good; else bad "accuracy $(accuracy $T/run) where the filling does not count"; fi
if grep -q '^"-1": ' $T/run/metrics.json && grep -q '^"1": ' $T/run/metrics.json; then good; else bad "the classes are not -1 and 1"; fi
W=$T/run/best.safetensors
code 0 $D train --out $T/part --quiet --epochs 3
code 0 $D train --out $T/part --quiet --epochs 6 --resume
code 0 $D train --out $T/whole --quiet --epochs 6
same $T/part/last.safetensors $T/whole/last.safetensors

# without the mask it can't be done
sed 's/^name: .*/name: heedless/' tests/cli/lengths.yaml >$T/heedless.yaml
code 0 $NNC $T/heedless.yaml -o $T/heedless.c -D heed=false
code 0 $CC -std=c11 -D_GNU_SOURCE -O1 -march=native -fopenmp -Iruntime -DNN_MODEL=heedless_model -o $T/heedless runtime/main.c $T/heedless.c build/libnn.a \
	-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
code 0 $T/heedless train --out $T/without --quiet
if awk "BEGIN { exit !($(accuracy $T/without) < 0.8) }"; then good; else bad "accuracy $(accuracy $T/without) where the filling counts"; fi

# rows to be predicted, with their labels and without
head -n 4 $C/lengths.txt >$T/labelled.txt
cut -f2- $T/labelled.txt >$T/plain.txt
code 0 $D predict --weights $W $T/labelled.txt
holds $T/out "input,prediction,p_1"
prints "$T/labelled.txt:1,-1,"
prints "$T/labelled.txt:2,1,"
cut -d, -f2- $T/out >$T/with
code 0 $D predict --weights $W $T/plain.txt
cut -d, -f2- $T/out >$T/without_labels
same $T/with $T/without_labels
code 0 $D evaluate --weights $W --test $T/labelled.txt
prints "test: 4 samples"

# what a program that embeds the network says of a sequence of three steps
cat >$T/embed.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include "lengths.h"
static lengths_weights weights;
int main(int argc, char **argv)
{
	char error[256];
	static float x[40][2];
	const float length[1] = {3};
	float y[1];
	void *work = aligned_alloc(NN_ALIGN, (lengths_WORK_BYTES + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN);
	if (argc != 2 || !work || lengths_load(&weights, argv[1], error)) return 1;
	lengths_preprocess_sequence(&weights, (const double[]){0.7, 50, 0.6, 20, 0.8, 70}, 3, &x[0][0]);
	lengths_predict(&weights, work, (const float(*)[2])x, length, y);
	printf("%.6f\n", y[0]);
	free(work);
	return 0;
}
END
code 0 $CC -std=c11 -O2 -march=native -fopenmp -Wall -Wextra -Werror -Iruntime -I$C -o $T/embed $T/embed.c $C/lengths.c build/libnn.a \
	-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
code 0 $T/embed $W
mv $T/out $T/embedded
echo "0.7 50 0.6 20 0.8 70" >$T/one.txt
code 0 $D predict --weights $W $T/one.txt
if [ "$(sed -n 's/.*,//; 2p' $T/out | cut -c1-6)" = "$(cut -c1-6 $T/embedded)" ]; then good; else bad "the embedded network says $(cat $T/embedded)"; fi

# rows that are wrong: one line, with file and row
wrong() { # ROW SAID
	{ head -n 3 $C/lengths.txt; printf "$1\n"; } >$T/wrong.txt
	code 1 $D train --out $T/none --train $T/wrong.txt
	says "error: $T/wrong.txt:4: $2"
	one_line
	absent $T/none
}
wrong "1 2 3 x" 'value 4, "x", is no number'
wrong "1 2 nan" 'value 3, "nan", is no number; if it fills rows up behind their end, name it under missing:'
wrong "1" "the row holds no values beside its label"
wrong "1 2 3 4" "3 values are no whole number of steps of 2 variables"
wrong "1,2,,3" "value 3 is empty"
wrong "1$(printf ' 7%.0s' $(seq 82))" "a sequence of 41 steps, but sequence_length is 40; truncating: post or pre cuts longer ones"
code 1 $D evaluate --weights $W --test $T/none.txt
says "error: $T/none.txt: No such file or directory"
{ head -n 3 $C/lengths.txt; echo "2 1 1"; } >$T/wrong.txt
code 1 $D evaluate --weights $W --test $T/wrong.txt
says "error: $T/wrong.txt:4: its label \"2\" is none of the classes -1, 1"
one_line

# lengths that are data: what stands behind an end changes no bit of a loss, a metric, a state or a prediction
rows() { # FILLING
	awk -v filling="$1" 'BEGIN {
		srand(5)
		print "a,b,c,d,e,f,length,y"
		for (i = 0; i < 60; i++) {
			length_ = 1 + i % 6; line = ""
			for (t = 0; t < 6; t++) { v = rand(); line = line (t < length_ ? v : filling*(t + 1)) "," }
			print line length_ "," i % 2
		}
	}'
}
rows 0 >$C/padded.csv
rows -1e9 >$T/other.csv
trainer padded
P=$C/padded
code 0 $P selftest
prints "PASS"
code 0 $P train --out $T/zeros --quiet
code 0 $P train --out $T/junk --quiet --train $T/other.csv
same $T/zeros/history.csv $T/junk/history.csv
code 0 $P evaluate --weights $T/zeros/best.safetensors --test $C/padded.csv --json $T/zeros.json
code 0 $P evaluate --weights $T/zeros/best.safetensors --test $T/other.csv --json $T/junk.json
same $T/zeros.json $T/junk.json
code 0 $P predict --weights $T/zeros/best.safetensors $C/padded.csv
cut -d, -f2- $T/out >$T/of_zeros
code 0 $P predict --weights $T/junk/best.safetensors $T/other.csv
cut -d, -f2- $T/out >$T/of_junk
same $T/of_zeros $T/of_junk
length() { # LENGTH
	sed "5s/,[0-9]*,\([01]\)\$/,$1,\1/" $C/padded.csv >$T/wrong.csv
	code 1 $P train --out $T/none --train $T/wrong.csv --quiet
	says "error: $T/wrong.csv:5: data.length is $1, but a whole number from 1 to 6 is wanted"
	one_line
	code 1 $P predict --weights $T/zeros/best.safetensors $T/wrong.csv
	says "error: $T/wrong.csv:5: data.length is $1, but a whole number from 1 to 6 is wanted"
}
# steps that are all masked teach nothing
zeros() { # FILE SHAPE NUMBERS
	printf "\\223NUMPY\\1\\0v\\0%-117s\\n" "{'descr': '<f4', 'fortran_order': False, 'shape': $2, }" >$1
	head -c $((4 * $3)) /dev/zero >>$1
}
zeros $C/masked_x.npy "(30, 5, 2)" 300
zeros $C/masked_y.npy "(30, 5, 1)" 150
trainer masked
code 1 $C/masked train --out $T/masked --quiet
says "error: $C/masked_x.npy: no place of the training data counts, because all are masked, so that there is no loss"
one_line
absent $T/masked/best.safetensors

# of two labels of ctc the first, [1, 1], wants a third step between
zeros $C/unmet_x.npy "(2, 2, 1)" 4
zeros $C/unmet_y.npy "(2, 2)" 0
printf '\0\0\200?\0\0\200?\0\0\0\0\0\0\0\0' >>$C/unmet_y.npy
trainer unmet
code 0 $C/unmet train --out $T/unmet --quiet
says "note: $C/unmet_x.npy: 1 of 2 samples can't be met, which is a loss of 1e30 each and teaches nothing"
one_line
length 7
length 0
length -2
length 2.5
finish
