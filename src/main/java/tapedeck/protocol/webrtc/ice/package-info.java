/// STUN messages (RFC 8489) and what the lite side of ICE (RFC 8445) needs of them: credentials, and the addresses that
/// peers are told.
///
/// Public: [StunMessage], [StunWriter], [IceCredentials], [Addresses], [IceLinks], [Priority].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc.ice;
