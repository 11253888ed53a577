#!/bin/sh
# nnc as CONTRACT says: exit codes, where the C goes, what stays as it was when something goes wrong.
. tests/cli/lib.sh
spec=tests/cli/images.yaml

# the command line
code 0 $NNC --help
prints "usage: nnc SPEC -o FILE.c"
quiet
code 0 $NNC --version
prints "nnc "
for wrong in "" "$spec" "$spec --frobnicate -o $T/a.c" "$spec -o" "$spec -o $T/a.c --target=vax" "$spec -o $T/a.c --precision=f16" \
	"$spec $spec -o $T/a.c" "-o $T/a.c" "$spec -o $T/a.c -D" "$spec -o $T/a.c -D seed" "$spec --dump=nothing"; do
	code 2 $NNC $wrong
	absent $T/a.c
done
says "nothing"

# FILE.c and FILE.h; the same bytes again
code 0 $NNC $spec -o $T/a.c
quiet
there $T/a.h
mkdir $T/again
code 0 $NNC $spec -o $T/again/a.c
same $T/a.c $T/again/a.c
same $T/a.h $T/again/a.h
code 0 $NNC $spec -o $T/again/a.c -D seed=8
differ $T/a.c $T/again/a.c
code 0 sh -c "cp $spec $T/copy.yaml; cd $T/again; ../../../../../$NNC ../copy.yaml -o copy.c; cd ..; ../../../../$NNC copy.yaml -o copy.c"
same $T/copy.c $T/again/copy.c
if grep -q "$(pwd)" $T/copy.c $T/a.c; then bad "a path of this machine stands in the C"; else good; fi
code 0 $NNC $spec -o -
$NNC tests/cli/images.yaml -o - >$T/printed.c 2>/dev/null
prints "int images_load("
if grep -q '^#include "images.h"' $T/printed.c; then good; else bad "the printed C includes no images.h"; fi

# a target that is not a regular file is written to, never renamed over, and gets no header
code 0 $NNC $spec -o /dev/null
if [ -c /dev/null ]; then good; else bad "/dev/null was replaced"; fi
mkfifo $T/fifo
cat $T/fifo >$T/from_fifo &
code 0 timeout 20 $NNC $spec -o $T/fifo
wait
if [ -p $T/fifo ]; then good; else bad "the FIFO was replaced"; fi
absent $T/fifo.h
if grep -q "int images_load(" $T/from_fifo || [ "$(wc -c <$T/from_fifo)" -gt 1000 ]; then good; else bad "the FIFO got nothing"; fi
ln -s a.c $T/link.c
code 0 $NNC $spec -o $T/link.c
mkdir $T/folder.c
code 1 $NNC $spec -o $T/folder.c
says "folder.c"

# what is there stays when the spec is wrong
echo "mine" >$T/old.c
echo "mine" >$T/old.h
before=$(ls -A $T)
printf 'name: old\nmodel:\n  input: [4]\n  layers:\n    - Dense(2, activation=relo)\n    - Dens(3)\n' >$T/wrong.yaml
before=$(ls -A $T)
code 1 $NNC $T/wrong.yaml -o $T/old.c
says "wrong.yaml:5:"
says "relu"
says "wrong.yaml:6:"
holds $T/old.c mine
holds $T/old.h mine
same_files $T "$before"
code 1 $NNC $T/wrong.yaml -o -
if [ ! -s $T/out ]; then good; else bad "C was printed for a wrong spec"; fi
code 1 $NNC $T/nothing.yaml -o $T/old.c
one_line
says "nothing.yaml: error: No such file"
code 1 $NNC $T -o $T/old.c
one_line
holds $T/old.c mine
code 1 $NNC $spec -o $T/no/folder/a.c
one_line
says "No such file or directory"
: >$T/empty.yaml
code 1 $NNC $T/empty.yaml -o $T/old.c
says "empty.yaml:"
code 1 $NNC build/nnc -o $T/old.c
says "build/nnc:"
code 1 $NNC $spec -o $T/old.c -D train.epocs=3
says "epochs"
code 1 $NNC $spec -o $T/old.c -D name=while
holds $T/old.c mine

# a folder that can't be written to, a full disk
if [ "$(id -u)" -ne 0 ]; then
	mkdir $T/locked && chmod 555 $T/locked
	code 1 $NNC $spec -o $T/locked/a.c
	one_line
	says "Permission denied"
else
	echo "SKIP: a folder without permission to write: root may write anywhere"
fi
mkdir $T/small
if mount -t tmpfs -o size=16k none $T/small 2>/dev/null; then
	echo mine >$T/small/a.c
	code 1 $NNC $spec -o $T/small/a.c
	one_line
	says "No space left on device"
	holds $T/small/a.c mine
	same_files $T/small a.c
	umount $T/small
else
	echo "SKIP: a full disk: a small file system can't be mounted here"
fi
if [ -c /dev/full ]; then
	code 1 $NNC $spec -o /dev/full
	one_line
	says "No space left on device"
	code 1 sh -c "$NNC $spec -o - >/dev/full"
	one_line
	code 1 sh -c "$NNC $spec --summary >/dev/full"
	one_line
else
	echo "SKIP: /dev/full is not here"
fi

# what is printed about a network
code 0 $NNC $spec --summary
prints "Total params:"
prints "Bytes, training"
prints "Bytes, inference"
for stage in variables graph plan memory kernels; do
	code 0 $NNC $spec --dump=$stage
	if [ -s $T/out ]; then good; else bad "--dump=$stage prints nothing"; fi
done
code 0 $NNC $spec --kernels
for target in avx512 avx2 generic portable; do
	code 0 $NNC $spec -o $T/$target.c --target=$target
done

# layers that are called as the C's own parameters are, in comments too
printf 'name: names\nmodel:\n  input: [8]\n  layers:\n' >$T/names.yaml
for name in n call state work; do echo "    - Dense(8, activation=softmax, name=$name)"; done >>$T/names.yaml
echo 'train: {optimizer: Adam(), loss: mse, batch_size: 4}' >>$T/names.yaml
code 0 $NNC $T/names.yaml -o $T/names.c --target=portable
code 0 $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Wno-unknown-pragmas -Iruntime -fsyntax-only $T/names.c
finish
