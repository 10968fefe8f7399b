/// The heart: names become streams, a publication writes frames into a stream, readers take them out.
///
/// Public: [Streams], [Stream], [Publication], [Reader] and what they speak of: [StreamName], [Publisher], [Item],
/// [ReaderOptions], [Viewer], [ByteBudget], [Feedback]; and [Session], which shows how one peer does: [CountedSession]
/// for those of whom nothing is known but what was counted ([Tally]).
@org.jspecify.annotations.NullMarked
package tapedeck.stream;
