/// Playing a live stream over plain HTTP, as one answer that goes on as long as the stream: `/live/NAME.flv` and its
/// kind. All players of a stream in one format share one reader, one muxer and one log of what it wrote; a player is a
/// place in that log.
///
/// Public: [LiveHttp].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.http;
