/// Matroska and WebM (RFC 9559, RFC 8794): clusters of known size, cues and duration added by finishing.
///
/// While recording:
/// ```
/// EBML header | Segment, size unknown
///   Void 101 bytes           later SeekHead
///   Info                     Duration first, kept true by one 8-byte patch per flush
///   Tracks | Void            up to the next multiple of 8
///   Void, a hole             later Cues
///   Cluster*                 each whole: known size, CRC-32 first, written by one append per flush
/// ```
/// Finishing prepares SeekHead and Cues inside the Voids, out of every reader's sight, and then turns each into
/// the real element by one aligned 8-byte write over its header; the Segment's real size comes last and says
/// "finished". Cues too large for the hole are appended behind the last cluster instead.
///
/// A file of many streams takes tracks while it grows: [TracksPlace].
///
/// Public: [MatroskaFormat], [MatroskaReader], [MatroskaBlock], [MatroskaTracks], [MatroskaLines];
/// [MatroskaDemuxer] for what comes live.
@org.jspecify.annotations.NullMarked
package tapedeck.container.matroska;
