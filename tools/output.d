output.o: output.c output.h lib/compiler.h lib/tcpstates.h tcpstatectl.h
output.h:
lib/compiler.h:
lib/tcpstates.h:
tcpstatectl.h:
