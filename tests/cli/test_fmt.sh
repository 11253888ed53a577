#!/bin/sh
# nnc fmt: the canonical form of a spec, of every spec of the project and of the layouts in tests/format. The C of a spec stays the
# same but for the text of the spec that stands in it, also when the spec was written in another way before.
. tests/cli/lib.sh
c_of() { # SPEC: its C, without what quotes the spec
	$NNC "$1" -o - --target=portable 2>/dev/null | sed 's/spec_hash = "[0-9a-f]*"//; s/(spec [0-9a-f]*)//; /^static const char \*const spec\[\]/,/^\t*NULL};/d'
}
mangled() { # SPEC: the same in another layout; keys behind a - move as the lines below them do
	sed 's/^\( *\)/\1\1/; s/^\( *\)- /\1-   /; s/: /:   /g; s/, /,/g; s/(\([^)]*\))$/( \1 )/; s/$/ /' "$1"
}

# exactly these texts; UPDATE=1 writes them
for spec in tests/format/*.yaml; do
	wanted=${spec%.yaml}.txt
	last="$NNC fmt - <$spec"
	$NNC fmt - <"$spec" >$T/out 2>$T/err
	[ -z "${UPDATE:-}" ] || cp $T/out "$wanted"
	same $T/out "$wanted"
	cp $T/out $T/formatted.yaml
	code 0 $NNC fmt --check $T/formatted.yaml
done

mkdir $T/a $T/b $T/c
for spec in specs/*.yaml tests/cli/*.yaml tests/reference/cases/*.yaml; do # all before any is compiled: some include others
	name=$(basename "$spec")
	cp "$spec" $T/a/"$name"
	cp "$spec" $T/c/"$name"
	mangled "$spec" >$T/b/"$name"
done
for spec in specs/*.yaml tests/cli/*.yaml tests/reference/cases/*.yaml; do
	name=$(basename "$spec")
	code 0 $NNC fmt $T/c/"$name"
	code 0 $NNC fmt --check $T/c/"$name"
	code 0 $NNC fmt $T/b/"$name"
	code 0 $NNC fmt --check $T/b/"$name"
	case $spec in # the C of two is enough for each layout; every layout is compared as text
	specs/* | tests/cli/*)
		c_of $T/a/"$name" >$T/a.c
		c_of $T/b/"$name" >$T/b.c
		same $T/a.c $T/b.c
		if [ -s $T/a.c ]; then good; else bad "$spec gives no C"; fi
		;;
	esac
done

# files: in place, several, links and permissions stay, what is wrong stays as it was
printf 'name:   x\nmodel:\n    input: [4]\n    layers: [Dense(1)]\n' >$T/x.yaml
cp $T/x.yaml $T/y.yaml
chmod 640 $T/x.yaml
ln -s x.yaml $T/link.yaml
code 1 $NNC fmt --check $T/link.yaml $T/y.yaml
says "$T/link.yaml:1: not in canonical form"
says "$T/y.yaml:1: not in canonical form"
code 0 $NNC fmt $T/link.yaml $T/y.yaml
quiet
holds $T/x.yaml "name: x"
holds $T/y.yaml "name: x"
if [ -L $T/link.yaml ] && [ "$(ls -l $T/x.yaml | cut -c 1-10)" = -rw-r----- ]; then good; else bad "the link or its permissions changed"; fi
printf 'name: x\nmodel: &m\n    input: [4]\n' >$T/wrong.yaml
cp $T/wrong.yaml $T/kept.yaml
code 1 $NNC fmt $T/wrong.yaml
says "wrong.yaml:2:8: error: anchors are not allowed"
same $T/wrong.yaml $T/kept.yaml
code 1 $NNC fmt $T/nothing.yaml
one_line
code 2 $NNC fmt
code 2 $NNC fmt --frobnicate $T/x.yaml
if [ -c /dev/full ]; then code 1 sh -c "$NNC fmt - <$T/x.yaml >/dev/full"; fi
finish
