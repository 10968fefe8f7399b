/// MPEG-TS over TCP and UDP, unicast and multicast: publishing, and sending a stream to others. What comes from one
/// peer is a `TsIngest`, fed by a `TcpPeer` or by a `UdpPeers` with whatever bytes there are.
///
/// Public: [MpegTsServer], [TsPush].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.mpegts;
