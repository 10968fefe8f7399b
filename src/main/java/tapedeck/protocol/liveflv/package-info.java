/// LiveFLV: an FLV file without an end over plain TCP, as ffmpeg writes it to `tcp://`. Publishing only. A connection
/// is a `LiveFlvSession`.
///
/// Public: [LiveFlvServer].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.liveflv;
