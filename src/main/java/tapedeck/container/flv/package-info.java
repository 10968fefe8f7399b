/// FLV (Adobe Flash Video File Format Specification 10.1, annex E): tags, and the bodies of audio, video and
/// script tags that RTMP sends as messages.
///
/// Public: [FlvTag], [FlvReader], [FlvMetadata], [FlvDemuxer] with [FlvItem], [FlvBody] and [EnhancedBody], [Amf0].
@org.jspecify.annotations.NullMarked
package tapedeck.container.flv;
