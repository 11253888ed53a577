#!/bin/sh
# A trainer of images, end to end on phantoms: its programs, its run folder, the same bits at any number of threads and after
# kill -9, broken images, checkpoints that don't fit, a full disk.
. tests/cli/lib.sh
phantoms $C/phantoms 60
trainer images
I=$C/images
data=$C/phantoms

# the command line
code 2 $I
code 2 $I frobnicate
one_line
code 0 $I --help
for command in train evaluate predict info bench selftest; do
	code 0 $I $command --help
	prints "usage: images $command"
	quiet
	code 2 $I $command --frobnicate
	one_line
done
code 0 $I --version
prints "images (nnc "
code 2 $I train --epochs 0
one_line
code 2 $I train --epochs
code 2 $I train --seed -1
code 2 $I train extra
code 2 $I evaluate
says "--weights FILE is missing"
code 2 $I predict --weights x
code 2 $I predict --weights x --format xml y

# info, bench, selftest
code 0 $I info
prints "conv2d"
code 0 $I info --json
code 0 $I bench --steps 2 --threads 1
prints "train"
code 0 $I bench --steps 2 --threads 1 --json
prints '"program"'
prints '"median_ms"'
prints '"samples_per_s"'
code 0 $I selftest
prints "PASS"

# train
code 0 $I train --out $T/deep/run --threads 2
prints "Epoch 4/4 - "
prints "val_loss"
prints "weighted avg"
for file in best.safetensors last.safetensors history.csv metrics.json report.html; do there $T/deep/run/$file; done
same_files $T/deep/run "best.safetensors
history.csv
last.safetensors
metrics.json
report.html"
holds $T/deep/run/history.csv "epoch,accuracy,loss,val_accuracy,val_loss"
if [ "$(wc -l <$T/deep/run/history.csv)" -eq 5 ]; then good; else bad "history.csv has not five lines"; fi
cp $T/deep/run/last.safetensors $T/kept
code 1 $I train --out $T/deep/run
one_line
says "already holds a run"
same $T/deep/run/last.safetensors $T/kept
code 0 $I train --out $T/quiet --quiet --threads 1
quiet
if [ ! -s $T/out ]; then good; else bad "--quiet prints something"; fi
code 0 $I train --out $T/seed --quiet --threads 1 --seed 9
differ $T/seed/last.safetensors $T/kept
code 0 $I train --out $T/order --quiet --threads 1 --no-shuffle
differ $T/order/last.safetensors $T/kept

# the same bits at 1, 2 and 3 threads
same $T/quiet/last.safetensors $T/kept
code 0 $I train --out $T/three --quiet --threads 3
same $T/three/last.safetensors $T/kept
same $T/three/best.safetensors $T/deep/run/best.safetensors
same $T/three/history.csv $T/deep/run/history.csv

# the same bits after kill -9 and --resume
epochs=150 kills=0
code 0 $I train --out $T/whole --quiet --threads 1 --epochs $epochs
for pause in 0.11 0.07 0.16 0.05 0.13 0.02 0.09; do
	resume=
	[ -e $T/killed/last.safetensors ] && resume=--resume
	$I train --out $T/killed --quiet --threads 1 --epochs $epochs $resume >/dev/null 2>&1 &
	sleep $pause
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	[ $? -eq 137 ] && kills=$((kills + 1))
done
if [ $kills -gt 0 ] && [ -e $T/killed/last.safetensors ]; then good; else bad "no run was killed half-way ($kills kills)"; fi
code 0 $I train --out $T/killed --quiet --threads 2 --epochs $epochs --resume
for file in last.safetensors best.safetensors history.csv metrics.json; do same $T/killed/$file $T/whole/$file; done
same_files $T/killed "$(ls -A $T/whole)"
code 0 $I train --out $T/deep/run --resume --epochs 6 --quiet --threads 1
code 0 $I train --out $T/six --epochs 6 --quiet --threads 2
same $T/deep/run/last.safetensors $T/six/last.safetensors
code 0 $I train --out $T/nothing --resume --quiet
one_line
code 1 $I train --out $T/six --resume --seed 11 --epochs 7
one_line

# evaluate, predict
W=$T/whole/best.safetensors
code 0 $I evaluate --weights $W --json $T/metrics.json
prints "weighted avg"
prints "["
for key in '"NORMAL"' '"f1-score"' '"confusion_matrix"' '"roc_auc"' '"loss"' '"accuracy"' '"sensitivity"' '"specificity"'; do
	if grep -q "$key" $T/metrics.json; then good; else bad "metrics.json has no $key"; fi
done
code 0 $I evaluate --weights $W --test $data/val
prints "10 samples"
code 0 $I predict --weights $W $data/test
holds $T/out "input,prediction,p_PNEUMONIA"
if [ "$(wc -l <$T/out)" -eq 21 ]; then good; else bad "not 20 predictions"; fi
cp $T/out $T/all.csv
code 0 $I predict --weights $W --output $T/p.csv --threads 3 $data/test/NORMAL $data/test/PNEUMONIA/*.png
same $T/p.csv $T/all.csv
code 0 $I predict --weights $W --format jsonl $data/test/NORMAL/0000.png
prints '{"input": "build/tests/cli/phantoms/test/NORMAL/0000.png", "prediction": "'
code 0 $I predict --weights $W --format npy --output $T/p.npy $data/test
if [ "$(head -c 6 $T/p.npy | tail -c 5)" = NUMPY ] && grep -qa "'shape': (20, 1)" $T/p.npy; then good; else bad "p.npy is no array of 20 x 1"; fi

# what can't be read, written or does not fit
code 1 $I evaluate --weights $T/none
one_line
says "No such file"
cp $T/p.csv $T/before.csv
head -c 5000 $W >$T/truncated
for wrong in $T/truncated tests/cli/images.yaml /dev/null $T; do
	code 1 $I evaluate --weights $wrong
	one_line
	code 1 $I predict --weights $wrong --output $T/p.csv $data/test
	one_line
	same $T/p.csv $T/before.csv
done
cp -r $T/six $T/cut
head -c 4000 $T/six/last.safetensors >$T/cut/last.safetensors
code 1 $I train --out $T/cut --resume --epochs 8
one_line
says "last.safetensors"
same $T/cut/best.safetensors $T/six/best.safetensors
code 1 $I train --out /proc/here/run
one_line
code 1 $I train --train $T/none --out $T/new
one_line
says "No such file"
code 1 $I train --train tests/cli/images.yaml --out $T/new
one_line
code 1 $I predict --weights $W $T/none
one_line
absent $T/new
mkdir -p $T/classes/a $T/classes/b $T/classes/c
cp $data/val/NORMAL/*.png $T/classes/a
code 1 $I train --train $T/classes --out $T/new
one_line
mkdir $T/overlap
cp -r $data/train $T/overlap/
code 1 $I train --train $T/overlap/train --validation $T/overlap/train --out $T/new
one_line

# broken images are named and counted; training goes on up to the share the spec sets
cp -r $data $T/broken
echo "no image" >$T/broken/train/NORMAL/0003.png
head -c 300 $data/train/PNEUMONIA/0005.png >$T/broken/train/PNEUMONIA/0005.png
code 1 $I train --train $T/broken/train --out $T/new --threads 1
says "max_unreadable"
absent $T/new/last.safetensors
sed 's/rescale: /max_unreadable: 0.1, rescale: /; s/^name: .*/name: tolerant/' tests/cli/images.yaml >$T/tolerant.yaml
code 0 $NNC $T/tolerant.yaml -o $T/tolerant.c
code 0 $CC -std=c11 -O1 -march=native -Iruntime -DNN_MODEL=tolerant_model -o $T/tolerant runtime/main.c $T/tolerant.c build/libnn.a \
	-fopenmp -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread
code 0 $T/tolerant train --train $T/broken/train --out $T/tolerated --threads 1
says "NORMAL/0003.png: neither a PNG nor a JPEG"
says "PNEUMONIA/0005.png: "
if [ "$(grep -c '0003.png' $T/err)" -eq 1 ]; then good; else bad "a broken image is named more than once"; fi
says "2 of 60"
code 1 $I predict --weights $W $T/broken/train/NORMAL/0003.png $T/broken/train/NORMAL/0004.png
prints "0004.png"
says "0003.png"

# a full disk
mkdir $T/small
if mount -t tmpfs -o size=700k none $T/small 2>/dev/null; then
	cp $T/six/* $T/small/
	head -c 700000 /dev/zero >$T/small/filler 2>/dev/null
	before=$(ls -A $T/small)
	code 1 $I train --out $T/small --resume --epochs 8 --quiet --threads 1
	one_line
	says "No space left on device"
	same $T/small/last.safetensors $T/six/last.safetensors
	same $T/small/best.safetensors $T/six/best.safetensors
	same_files $T/small "$before"
	code 1 $I predict --weights $W --output $T/small/p.csv $data/test
	one_line
	absent $T/small/p.csv
	code 1 $I evaluate --weights $W --json $T/small/m.json
	one_line
	absent $T/small/m.json
	umount $T/small
else
	echo "SKIP: a full disk: a small file system can't be mounted here"
fi
if [ -c /dev/full ]; then
	code 1 sh -c "$I predict --weights $W $data/test >/dev/full"
	one_line
	code 1 sh -c "$I evaluate --weights $W >/dev/full"
	one_line
else
	echo "SKIP: /dev/full is not here"
fi
finish
