using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Av1;

/// <summary>Reads the OBUs of an AV1 stream in order: what each temporal unit is, and the sequence header in force.</summary>
/// <remarks>Per temporal unit call <see cref="BeginUnit"/>, then <see cref="Read"/> for each OBU. Not thread-safe.</remarks>
public sealed class Av1Syntax(int trackId)
{
    private const int Key = 0;                               // frame_type (§6.8.2)
    private const int IntraOnly = 2;
    private byte[] _sequenceBytes = [];
    private Av1SequenceHeader? _sequence;
    private VideoTrack? _track;
    private bool _hasSequenceHeader;
    private bool _hasFrame;

    /// <summary>The temporal unit being read.</summary>
    public PictureInfo Picture { get; private set; }

    /// <summary>Whether it has a frame.</summary>
    public bool HasPicture => _hasFrame;

    /// <summary>Sequence headers that could not be read.</summary>
    public long MalformedSequenceHeaders { get; private set; }

    /// <summary>A temporal unit starts.</summary>
    public void BeginUnit()
    {
        Picture = new PictureInfo { Track = _track };
        _hasSequenceHeader = false;
        _hasFrame = false;
    }

    /// <summary>Learns from the next OBU.</summary>
    /// <returns>Whether it is part of a sample: not of those that AV1 in ISOBMFF §2.4 leaves out.</returns>
    public bool Read(in Av1Obu obu)
    {
        switch (obu.Type)
        {
            case Av1ObuType.SequenceHeader:
                ReadSequenceHeader(obu);
                return true;
            case Av1ObuType.FrameHeader or Av1ObuType.Frame:
                ReadFrameHeader(obu.Payload);
                return true;
            case Av1ObuType.TemporalDelimiter or Av1ObuType.RedundantFrameHeader or Av1ObuType.TileList or Av1ObuType.Padding:
                return false;
            default:
                return true;
        }
    }

    private void ReadSequenceHeader(in Av1Obu obu)
    {
        _hasSequenceHeader = true;
        if (_sequence is not null && obu.Payload.SequenceEqual(_sequenceBytes)) { return; }
        if (!Av1SequenceHeader.TryParse(obu.Payload, out Av1SequenceHeader? sequence))
        {
            MalformedSequenceHeaders++;
            _hasSequenceHeader = false;
            return;
        }
        _sequence = sequence;
        _sequenceBytes = obu.Payload.ToArray();
        _track = new VideoTrack
        {
            Id = trackId,
            Codec = Codec.Av1,
            DecoderConfiguration = Av1DecoderConfiguration.Build(sequence!, obu),
            CodecString = Av1DecoderConfiguration.CodecString(sequence!),
            Width = sequence!.Width,
            Height = sequence.Height,
            FrameRate = sequence.FrameRate,
            Colour = sequence.Colour,
        };
        Picture = Picture with { Track = _track };
    }

    /// <summary>The start of uncompressed_header() (§5.9.2). The unit starts a sequence if its first frame is a key frame that is shown, behind a sequence header (§7.6.2).</summary>
    private void ReadFrameHeader(ReadOnlySpan<byte> payload)
    {   //  show_existing_frame(1) frame_type(2) show_frame(1)
        bool isFirst = !_hasFrame;
        _hasFrame = true;
        var reader = new BitReader(payload);
        bool isStill = _sequence is { IsReducedStillPicture: true };
        bool showsExisting = !isStill && reader.ReadFlag();
        int type = isStill ? Key : showsExisting ? -1 : (int)reader.ReadBits(2);
        bool isShown = isStill || showsExisting || reader.ReadFlag();
        if (reader.Overrun)
        {
            Picture = Picture with { FrameType = FrameType.Unknown, RandomAccess = RandomAccessKind.None };
            return;
        }
        if (isFirst)
        {
            bool isRandomAccess = type == Key && isShown && _hasSequenceHeader;
            Picture = Picture with
            {
                FrameType = isRandomAccess ? FrameType.Key : type is Key or IntraOnly ? FrameType.Intra : FrameType.Predicted,
                RandomAccess = isRandomAccess ? RandomAccessKind.Refresh : RandomAccessKind.None,
            };
            return;
        }
        if (Picture.FrameType == FrameType.Intra && type is not (Key or IntraOnly)) { Picture = Picture with { FrameType = FrameType.Predicted }; }
    }
}
