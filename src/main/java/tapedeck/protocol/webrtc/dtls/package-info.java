/// DTLS 1.2 (RFC 6347, RFC 5764): the handshake that gives SRTP its keys, what is kept away from it, and
/// the server's certificate.
///
/// Public: [DtlsConnection], [DtlsIdentity], [DtlsKeys], [DtlsPeer], [DtlsClientRole], [WarmUp].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc.dtls;
