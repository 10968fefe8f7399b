/// Pairs of UDP ports for RTP and RTCP, out of the range of `rtp_ports`; single ones that are read in batches.
///
/// Public: [PortPairs], [DatagramPair], [Datagrams]; [DatagramPort] for one port that many send to;
/// [ReceiveBuffer].
@org.jspecify.annotations.NullMarked
package tapedeck.net.udp;
