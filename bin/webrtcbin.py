#!/usr/bin/python3
"""Publishes by WHIP or plays by WHEP with GStreamer's webrtcbin, for versions of GStreamer without elements for that.

    webrtcbin.py publish http://HOST:8081/whip/NAME 'PIPELINE with branches that end in: ! webrtc.'
    webrtcbin.py play    http://HOST:8081/whep/NAME VIDEO AUDIO      (VP8 VP9 H264 H265 AV1, OPUS PCMU PCMA G722; - for none)

    --seconds N   ends after N seconds; without, with Ctrl-C, a publisher also when all its branches are at their end
    --offer FILE  writes the offer there
    --save FILE   a player writes what it gets to a Matroska file, as it is, and ends with the session

Needs python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-nice and gstreamer1.0-plugins-bad. A player decodes, shows
nothing, and prints each second how many pictures and sounds it has decoded; with --save nothing is decoded, and all
tracks that were asked for have to come.
"""

import argparse
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

# What the offer has to say of a format beyond its name.
PARAMETERS = {'H264': ',packetization-mode=(string)1,profile-level-id=(string)42e01f'}
CLOCKS = {'OPUS': '48000,encoding-params=(string)2', 'PCMU': '8000', 'PCMA': '8000', 'G722': '8000'}
# How long the last packets of a publisher have to leave.
LAST_PACKETS_MILLIS = 500
STATIC = {'PCMU': 0, 'PCMA': 8, 'G722': 9}
# From packets to what a Matroska file has.
WHOLE = {
    'H264': 'rtph264depay ! h264parse ! video/x-h264,stream-format=avc,alignment=au',
    'H265': 'rtph265depay ! h265parse ! video/x-h265,stream-format=hvc1,alignment=au',
    'VP8': 'rtpvp8depay',
    'VP9': 'rtpvp9depay ! vp9parse',
    'OPUS': 'rtpopusdepay ! opusparse',
    'PCMA': 'rtppcmadepay',
    'PCMU': 'rtppcmudepay',
}
QUEUE = 'queue max-size-time=0 max-size-bytes=0 max-size-buffers=0'


def say(*words):
    print(*words, flush=True)


class Peer:
    def __init__(self, arguments, loop):
        self.arguments = arguments
        self.loop = loop
        self.session = None
        self.exit_code = 0
        self.offered = False
        self.posted = False
        self.decoded = {}
        self.sending = 0
        self.kept = []
        self.saving = {}
        self.connected = False
        if arguments.mode == 'publish':
            self.pipeline = Gst.parse_launch('webrtcbin name=webrtc bundle-policy=max-bundle ' + arguments.what[0])
            self.webrtc = self.pipeline.get_by_name('webrtc')
        else:
            self.pipeline = self.file() if arguments.save else Gst.Pipeline()
            self.webrtc = Gst.ElementFactory.make('webrtcbin', 'webrtc')
            self.webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.webrtc)
            if arguments.save:
                # Times as the packets say, and not as they come.
                self.webrtc.get_by_name('rtpbin').set_property('buffer-mode', 0)
        self.webrtc.connect('on-negotiation-needed', self.negotiate)
        self.webrtc.connect('notify::ice-gathering-state', self.gathered)
        self.webrtc.connect('notify::connection-state', self.connection)
        self.webrtc.connect('pad-added', self.incoming)
        # Those of branches that were linked at once.
        for pad in self.webrtc.sinkpads:
            self.incoming(self.webrtc, pad)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message::error', lambda _, m: self.fail(m.parse_error()))
        bus.connect('message::eos', lambda *_: loop.quit())

    def file(self):
        # Pictures of the past come 1 ms apart: times are kept to a tenth of that.
        text = 'matroskamux name=file timecodescale=100000 ! filesink name=sink buffer-mode=unbuffered location=%s' % self.arguments.save
        names = [name for name in self.arguments.what if name != '-']
        for name in names:
            text += ' %s name=%s ! %s ! file.' % (QUEUE, name, WHOLE[name])
        pipeline = Gst.parse_launch(text)
        # The pipeline never says that all is over: the way back to the server is open.
        pipeline.get_by_name('sink').get_static_pad('sink').add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self.saved)
        self.saving = {name: pipeline.get_by_name(name).get_static_pad('sink') for name in names}
        return pipeline

    def saved(self, _pad, probe):
        if probe.get_event().type == Gst.EventType.EOS:
            GLib.timeout_add(LAST_PACKETS_MILLIS, self.loop.quit)
        return Gst.PadProbeReturn.OK

    def start(self):
        if self.arguments.mode == 'play':
            number = 96
            for name in self.arguments.what:
                if name == '-':
                    continue
                media = 'audio' if name in CLOCKS else 'video'
                caps = 'application/x-rtp,media=%s,encoding-name=%s,payload=%d,clock-rate=%s' % (
                    media, name, STATIC.get(name, number), CLOCKS.get(name, '90000')) + PARAMETERS.get(name, '')
                self.webrtc.emit(
                    'add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
                number += 1
            if not self.saving:
                GLib.timeout_add_seconds(1, self.tell)
        self.pipeline.set_state(Gst.State.PLAYING)

    def fail(self, what):
        say('failed:', what)
        if self.saving and self.connected:
            # So ends a session for GStreamer 1.22: the other side says goodbye.
            GLib.timeout_add(LAST_PACKETS_MILLIS, self.finish)
            return
        self.exit_code = 1
        self.loop.quit()

    def negotiate(self, _):
        if not self.offered:
            self.offered = True
            self.webrtc.emit('create-offer', None, Gst.Promise.new_with_change_func(self.local, None))

    def local(self, promise, _):
        # Each of these goes with the one that it came from.
        reply = promise.get_reply()
        offer = reply.get_value('offer')
        text = offer.sdp.as_text()
        self.describe('set-local-description', GstWebRTC.WebRTCSDPType.OFFER, text)

    def describe(self, signal_name, kind, text):
        _, message = GstSdp.SDPMessage.new_from_text(text)
        description = GstWebRTC.WebRTCSessionDescription.new(kind, message)
        # The bindings of 1.22 think that both are Python's to free.
        self.kept += [message, description]
        self.webrtc.emit(signal_name, description, None)

    def gathered(self, *_):
        state = self.webrtc.get_property('ice-gathering-state')
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and not self.posted:
            self.posted = True
            GLib.idle_add(self.post)

    def post(self):
        offer = self.webrtc.get_property('local-description').sdp.as_text()
        if self.arguments.offer:
            with open(self.arguments.offer, 'w', encoding='utf-8') as file:
                file.write(offer)
        request = urllib.request.Request(self.arguments.url, offer.encode(), {'Content-Type': 'application/sdp'})
        try:
            with urllib.request.urlopen(request) as response:
                self.session = urllib.parse.urljoin(self.arguments.url, response.headers['Location'])
                answer = response.read().decode()
        except urllib.error.HTTPError as refusal:
            self.fail('%d %s' % (refusal.code, refusal.read().decode()))
            return False
        except OSError as trouble:
            self.fail(trouble)
            return False
        self.describe('set-remote-description', GstWebRTC.WebRTCSDPType.ANSWER, answer)
        return False

    def connection(self, *_):
        state = self.webrtc.get_property('connection-state')
        say('connection:', state.value_nick)
        self.connected |= state.value_nick == 'connected'
        if self.saving and state.value_nick in ('closed', 'failed', 'disconnected'):
            GLib.timeout_add(LAST_PACKETS_MILLIS, self.finish)

    def finish(self):
        # The file is whole when its end has gone through.
        for pad in self.saving.values():
            pad.send_event(Gst.Event.new_eos())
        return False

    def ended(self, _pad, probe):
        # webrtcbin keeps the end of its branches to itself.
        if probe.get_event().type == Gst.EventType.EOS:
            self.sending -= 1
            if self.sending == 0:
                GLib.timeout_add(LAST_PACKETS_MILLIS, self.loop.quit)
        return Gst.PadProbeReturn.OK

    def incoming(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            self.sending += 1
            pad.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self.ended)
            return
        format = pad.get_current_caps().get_structure(0)
        if self.saving:
            pad.link(self.saving[format.get_string('encoding-name').upper()])
            return
        media = format.get_string('media')
        self.decoded[media] = 0
        decoder = Gst.ElementFactory.make('decodebin')
        self.pipeline.add(decoder)
        decoder.connect('pad-added', self.plays, media)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad('sink'))

    def plays(self, _, pad, media):
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('signal-handoffs', True)
        sink.set_property('sync', False)
        sink.connect('handoff', self.count, media)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    def count(self, _sink, _buffer, _pad, media):
        self.decoded[media] += 1

    def tell(self):
        say('decoded:', *('%s %d' % pair for pair in sorted(self.decoded.items())))
        return True

    def stop(self):
        if self.session:
            request = urllib.request.Request(self.session, method='DELETE')
            try:
                urllib.request.urlopen(request).close()
            except urllib.error.HTTPError:
                pass  # The server ended it first.
        self.pipeline.set_state(Gst.State.NULL)
        return self.exit_code


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=('publish', 'play'))
    parser.add_argument('url')
    parser.add_argument('what', nargs='+')
    parser.add_argument('--seconds', type=int)
    parser.add_argument('--offer')
    parser.add_argument('--save')
    arguments = parser.parse_args()
    Gst.init(None)
    loop = GLib.MainLoop()
    peer = Peer(arguments, loop)
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, lambda: loop.quit() or False)
    if arguments.seconds:
        GLib.timeout_add_seconds(arguments.seconds, loop.quit)
    peer.start()
    loop.run()
    return peer.stop()


if __name__ == '__main__':
    sys.exit(main())
