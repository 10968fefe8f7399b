/// Immutable bytes and cursors over bytes and bits. All multi-byte numbers are big-endian unless a name says `Le`.
///
/// Public: [Bytes], [ByteReader], [ByteWriter], [BitReader], [MalformedException].
@org.jspecify.annotations.NullMarked
package tapedeck.bytes;
