/// Plain RTP and SRTP (RFC 3550, RFC 3711) by session descriptions: streams that are received from whoever was given
/// our ports, and streams that are sent to an address with a description that players open.
///
/// Public: [RtpEndpoints], [RtpPush].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.rtp;
