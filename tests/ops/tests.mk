# the primitives: test_ops asks the oracle, compiled runs generated C against it
TEST_PROGRAMS += $(B)/tests/ops/test_ops $(B)/tests/ops/compiled
OPS_TEST       = $(COMPILE_TEST) -Itests/ops

$(B)/tests/ops/%.o: tests/ops/%.c $(B)/flags
	@mkdir -p $(@D)
	$(OPS_TEST) -c -o $@ $<
$(B)/tests/ops/test_ops: $(addprefix $(B)/tests/ops/,test_ops.o op_test.o) $(B)/libnnc.a
	$(CC) $(CFLAGS) -o $@ $^ -lcmocka $(COMPILER_LIBS)
$(B)/tests/ops/compiled: $(addprefix $(B)/tests/ops/,compiled.o checks.o cases.o op_test.o) $(B)/libnnc.a $(B)/libnn.a
	$(CC) $(CFLAGS) -rdynamic -o $@ $^ -lcmocka $(COMPILER_LIBS) $(RUNTIME_LIBS) -ldl
-include $(wildcard $(B)/tests/ops/*.d)
