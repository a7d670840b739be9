table.o: table.c duration.h output.h lib/compiler.h lib/tcpstates.h
duration.h:
output.h:
lib/compiler.h:
lib/tcpstates.h:
