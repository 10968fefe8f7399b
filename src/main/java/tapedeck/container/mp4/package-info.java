/// MP4 (ISO/IEC 14496-12, -14, -15): fragments while it grows, an ordinary file with `moov` first afterwards.
///
/// Public: [Mp4Format], [Mp4Cutter], [MovieFrames], [MovieTracks], [MovieLines], [MovieNotes]; [FragmentDemuxer] for
/// what comes live,
/// [FragmentIndex] for byte ranges, [LiveFragments] and [CodecName] for those who play live. Bytes are laid out by
/// `Layout`, written by `Mp4Muxer`, finished by `Mp4Finisher`, read by `Mp4Reader`.
@org.jspecify.annotations.NullMarked
package tapedeck.container.mp4;
