options.o: options.c nearest.h output.h lib/compiler.h lib/tcpstates.h \
 tcpstatectl.h
nearest.h:
output.h:
lib/compiler.h:
lib/tcpstates.h:
tcpstatectl.h:
