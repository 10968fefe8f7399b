/// Immutable bytes and cursors over bytes and bits. All multi-byte numbers are big-endian unless a name says `Le`.
///
/// Public: [Bytes], [ByteReader], [ByteWriter], [BitReader], [MalformedException], and [BadPackets], which counts
/// what could not be read.
@org.jspecify.annotations.NullMarked
package tapedeck.bytes;
