// The identifiers of Matroska and WebM (RFC 9559 5) that are read or written here.

export const EBML = 0x1A45DFA3;
export const DOC_TYPE = 0x4282;
export const SEGMENT = 0x18538067;
export const SEEK_HEAD = 0x114D9B74;
export const SEEK = 0x4DBB;
export const SEEK_ID = 0x53AB;
export const SEEK_POSITION = 0x53AC;
export const INFO = 0x1549A966;
export const TIMESTAMP_SCALE = 0x2AD7B1;
export const DURATION = 0x4489;
export const TRACKS = 0x1654AE6B;
export const TRACK_ENTRY = 0xAE;
export const TRACK_NUMBER = 0xD7;
export const TRACK_UID = 0x73C5;
export const TRACK_TYPE = 0x83;
export const NAME = 0x536E;
export const CODEC_ID = 0x86;
export const CODEC_PRIVATE = 0x63A2;
export const CODEC_DELAY = 0x56AA;
export const VIDEO = 0xE0;
export const PIXEL_WIDTH = 0xB0;
export const PIXEL_HEIGHT = 0xBA;
export const AUDIO = 0xE1;
export const SAMPLING_FREQUENCY = 0xB5;
export const CHANNELS = 0x9F;
export const TAGS = 0x1254C367;
export const TAG = 0x7373;
export const TARGETS = 0x63C0;
export const TAG_TRACK_UID = 0x63C5;
export const SIMPLE_TAG = 0x67C8;
export const TAG_NAME = 0x45A3;
export const TAG_STRING = 0x4487;
export const CLUSTER = 0x1F43B675;
export const TIMESTAMP = 0xE7;
export const SIMPLE_BLOCK = 0xA3;
export const BLOCK_GROUP = 0xA0;
export const BLOCK = 0xA1;
export const REFERENCE_BLOCK = 0xFB;
export const CUES = 0x1C53BB6B;
export const CUE_POINT = 0xBB;
export const CUE_TIME = 0xB3;
export const CUE_TRACK_POSITIONS = 0xB7;
export const CUE_CLUSTER_POSITION = 0xF1;

/** A flag of a block (10.2). */
export const KEYFRAME = 0x80;
