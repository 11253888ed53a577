# make                      build/nnc, the compiler, and build/libnn.a, the runtime
# make generated/STEM       a trainer from specs/STEM.yaml (or SPEC=/any/path.yaml)
# make demo                 installs what is missing, trains a network, shows what it learned   (DATA=folder, YES=1)
# make test                 everything;  make bench: timings;  make install PREFIX=/usr/local

ifeq ($(origin CC),default)
CC = gcc
endif
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wpedantic -Werror
STD      = -std=c11 -D_GNU_SOURCE
B        = build
VERSION  = 0.1.0
# generated C: the machine's own instructions, no change of meaning
ARCH    ?= -march=native
MODEL_CFLAGS ?= -O3 $(ARCH) -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math
NNCFLAGS ?=
COMPILER_LIBS = -lyaml -lm
RUNTIME_LIBS  = -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread

all: $(B)/nnc $(B)/libnn.a

# --- the compiler: every .c of compiler/, ops/ and kernels/; the last two register themselves by existing
OPS      = $(sort $(wildcard compiler/ops/*.c))
KERNELS  = $(sort $(wildcard compiler/kernels/*.c))
PRELUDE  = $(sort $(wildcard compiler/prelude/*.yaml))
SOURCES  = $(filter-out compiler/main.c,$(sort $(wildcard compiler/*.c))) $(OPS) $(KERNELS)
GENERATED = $(B)/gen/expr.tab.c $(B)/gen/expr.lex.c $(B)/gen/registry.c $(B)/gen/prelude.c
OBJECTS  = $(SOURCES:%.c=$(B)/%.o) $(GENERATED:%.c=%.o)
COMPILE  = $(CC) $(STD) $(CFLAGS) $(WARN) -MMD -MP -Icompiler -I$(B)/gen -DNNC_VERSION='"$(VERSION)"'

$(B)/nnc: $(B)/compiler/main.o $(B)/libnnc.a
	$(CC) $(CFLAGS) -o $@ $^ $(COMPILER_LIBS)
$(B)/libnnc.a: $(OBJECTS)
	@rm -f $@ && ar rcs $@ $^

$(B)/gen/expr.tab.c $(B)/gen/expr.tab.h &: compiler/expr.y | $(B)/gen
	bison -Wall -Werror -d -o $(B)/gen/expr.tab.c $<
$(B)/gen/expr.lex.c $(B)/gen/expr.lex.h &: compiler/expr.l $(B)/gen/expr.tab.h | $(B)/gen
	flex --header-file=$(B)/gen/expr.lex.h -o $(B)/gen/expr.lex.c $<
$(B)/compiler/expr.o $(B)/gen/expr.tab.o $(B)/gen/expr.lex.o: $(B)/gen/expr.tab.h $(B)/gen/expr.lex.h
$(B)/gen/expr.lex.o: WARN += -Wno-unused-function -Wno-sign-compare

# the lists of families and kernels: ops/NAME.c defines op_family_NAME, kernels/NAME.c defines kernel_NAME
$(B)/gen/registry.c: $(OPS) $(KERNELS) Makefile | $(B)/gen
	@{ echo '#include "ops/ops.h"'; echo '#include "kernels/kernel.h"'; \
	  for f in $(basename $(notdir $(OPS))); do echo "extern const OpFamily op_family_$$f;"; done; \
	  echo 'const OpFamily *const op_families[] = {'; for f in $(basename $(notdir $(OPS))); do echo "	&op_family_$$f,"; done; echo '	NULL};'; \
	  for k in $(filter-out kernel support nest tile_text,$(basename $(notdir $(KERNELS)))); do echo "extern const Kernel kernel_$$k;"; done; \
	  echo 'const Kernel *const kernels[] = {'; for k in $(filter-out kernel support nest tile_text,$(basename $(notdir $(KERNELS)))); do echo "	&kernel_$$k,"; done; echo '	NULL};'; } > $@
$(B)/gen/prelude.c: $(PRELUDE) Makefile | $(B)/gen
	@{ echo '#include "build.h"'; for f in $(PRELUDE); do n=$$(basename $$f .yaml); \
	  echo "static const char text_$$n[] = {"; od -An -v -tu1 $$f | sed 's/[0-9][0-9]*/&,/g'; echo "0};"; done; \
	  echo 'const Source prelude_sources[] = {'; for f in $(PRELUDE); do n=$$(basename $$f .yaml); \
	  echo "	{\"prelude/$$n.yaml\", text_$$n, sizeof text_$$n - 1, true},"; done; echo '	{NULL, NULL, 0, true}};'; } > $@

$(B)/compiler/%.o: compiler/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<
$(B)/gen/%.o: $(B)/gen/%.c Makefile
	$(COMPILE) -c -o $@ $<
$(B)/gen:
	@mkdir -p $@

# --- the runtime
RUNTIME  = $(filter-out runtime/main.c,$(sort $(wildcard runtime/*.c)))
$(B)/libnn.a: $(RUNTIME:%.c=$(B)/%.o)
	@rm -f $@ && ar rcs $@ $^
$(B)/runtime/%.o: runtime/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) $(WARN) -fopenmp -MMD -MP -Iruntime -c -o $@ $<

# --- trainers: the model and, for selftest, the same model in double with its gradients
SPEC = specs/$(STEM).yaml
LINK = $(RUNTIME_LIBS)
generated/%: STEM = $*
generated/%: $(B)/nnc $(B)/libnn.a runtime/main.c FORCE
	@mkdir -p $(B)/generated
	$(B)/nnc $(SPEC) -o generated/$*.c $(NNCFLAGS)
	$(B)/nnc $(SPEC) -o $(B)/generated/$*_reference.c --precision=f64 --gradients -D name=$*_reference $(NNCFLAGS)
	$(CC) $(STD) $(MODEL_CFLAGS) $(WARN) -Iruntime -c -o $(B)/generated/$*.o generated/$*.c
	$(CC) $(STD) $(subst -O3,-O1,$(MODEL_CFLAGS)) $(WARN) -Iruntime -c -o $(B)/generated/$*_reference.o $(B)/generated/$*_reference.c
	$(CC) $(STD) -O2 $(WARN) -Iruntime -DNN_MODEL=$$(sed -n 's/^extern const nn_model \([A-Za-z0-9_]*\);.*/\1/p' generated/$*.h) \
		-DNN_REFERENCE=$*_reference_model -c -o $(B)/generated/$*_main.o runtime/main.c
	$(CC) -fopenmp -o $@ $(B)/generated/$*_main.o $(B)/generated/$*.o $(B)/generated/$*_reference.o $(B)/libnn.a $(LINK)
generated/README.md: ;
FORCE:

.PHONY: all clean FORCE
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
