/// MPEG transport streams, ISO/IEC 13818-1. Each layer of reading is a class of its own, so that a file, a socket and
/// a playlist's segments share them:
///
/// ```
/// bytes → PacketSplitter → TsPacket ─┬→ SectionAssembler → ProgramTables    what there is
///                                    └→ PesAssembler → ElementaryReader     frames of it
/// ```
/// Public: [TsFormat], [TsDemuxer].
@org.jspecify.annotations.NullMarked
package tapedeck.container.ts;
