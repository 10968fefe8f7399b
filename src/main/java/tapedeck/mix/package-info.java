/// One picture and one sound of many streams: a finished file of many tracks becomes an ordinary one.
///
/// Public: [OfflineMixer] with its [MixSettings], what it answers, [Mixed], and why it may not, [MixFailedException];
/// [MixCallback] tells others; [LiveMixers] are the mixes of live streams, shown as a [LiveMix], and why one may not,
/// [MixerRefusedException]; [MixWorker] is the main class of a worker process.
/// All who mix ask one [EncoderCheck].
///
/// In a worker, [PictureMix] puts pictures where the [Layout] says and [SoundMix] adds up the sound; outside, [Feeding]
/// hands them the packets of a file and [Assembly] writes what comes back, or, with the other [Pace], a [LiveFeed]
/// those of live streams, and [LiveOutput] publishes what comes back. They speak [MixWire].
@org.jspecify.annotations.NullMarked
package tapedeck.mix;
