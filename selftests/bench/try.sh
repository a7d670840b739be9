sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="1024 65000"
rmmod tcpstates
./bench/conn 6000 1000 >/dev/null
echo "none $(./bench/conn 1000 3000)"
insmod $TCPSTATES_KO
echo "tcpstates $(./bench/conn 1000 3000)"
echo "tcpstates $(./bench/conn 1000 3000)"
echo 1 >/sys/module/tcpstates/parameters/test_pause
echo "paused $(./bench/conn 1000 3000)"
rmmod tcpstates
echo "none $(./bench/conn 1000 3000)"
