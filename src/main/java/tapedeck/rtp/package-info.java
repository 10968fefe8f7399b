/// RTP and RTCP: packets, loss repair, reordering, reassembly and the clock that all tracks of a peer share. Packets
/// end here: what leaves is frames.
///
/// Pure: no thread, no socket, and time is an argument. Public: [RtpPacket], [Rtcp], [TransportArrivals],
/// [RtpReceiver], [RoundTripReports], [PeerClock] and [DecodingTimes].
@org.jspecify.annotations.NullMarked
package tapedeck.rtp;
