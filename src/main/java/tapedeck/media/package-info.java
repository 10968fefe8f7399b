/// What moves through the server: frames of tracks of codecs.
///
/// Public: [Codec], [Track], [Frame], [Carried].
@org.jspecify.annotations.NullMarked
package tapedeck.media;
