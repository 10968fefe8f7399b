/// Pairs of UDP ports for RTP and RTCP, out of the range of `rtp_ports`.
///
/// Public: [PortPairs], [DatagramPair], [Datagrams].
@org.jspecify.annotations.NullMarked
package tapedeck.net.udp;
