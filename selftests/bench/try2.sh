sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="1024 65000"
./bench/conn 6000 10 >/dev/null
echo "tcpstates $(./bench/conn 1000 3000)"
rmmod tcpstates
echo "none $(./bench/conn 1000 2000)"
