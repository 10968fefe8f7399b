/// Streams fetched from other servers and sent to them: which addresses that may be, when it is tried again, and one
/// stream that outlives the connections it comes over.
///
/// A protocol that can fetch is a [PullClient], one that can send is a [PushClient]; [Relays] runs them. Public beside
/// them: [RelayTarget], [PullSink], [PullControls], [PushSource], [RelayRefusedException], [RelayReport].
@org.jspecify.annotations.NullMarked
package tapedeck.relay;
