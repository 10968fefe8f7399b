/// SCTP over DTLS (RFC 9260, RFC 8261) and the data channels on it (RFC 8831, RFC 8832), partly reliable (RFC 3758) and
/// closed by stream resets (RFC 6525).
///
/// A pure state machine: packets and the time go in, packets and events come out. No thread, socket or clock of
/// its own. Public: [SctpAssociation] and what it speaks of: [SctpEvents], [DataChannel], [ChannelMessage].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc.sctp;
