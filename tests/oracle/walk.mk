# The program behind tests/support/oracle.py:
#     make -f tests/oracle/walk.mk build/tests/oracle/walk
include Makefile

$(BUILD)/tests/oracle/walk: $(BUILD)/tests/oracle/walk.o $(BUILD)/libdoorbell.a
	$(call link,$(LIB_LIBS))
