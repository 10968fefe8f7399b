/// SRTP and SRTCP, RFC 3711 and RFC 7714, on the JDK's own ciphers.
///
/// Public: [SrtpProfile], [SrtpKeys], [SrtpSender], [SrtpReceiver].
@org.jspecify.annotations.NullMarked
package tapedeck.rtp.srtp;
