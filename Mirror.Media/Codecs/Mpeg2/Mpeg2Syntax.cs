using Mirror.Media.Bits;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Mpeg2;

/// <summary>Reads the start codes of an MPEG-2 or MPEG-1 video stream (H.262 §6.2) and what stands behind each.</summary>
/// <remarks>
/// Every intra picture is a random access point: decoders resume there, and each sample carries the headers before it. Where the group of
/// pictures is open, the B-pictures behind an intra picture refer to the group before as well, like the skipped leading pictures of H.265.
/// </remarks>
public sealed class Mpeg2Syntax(int trackId) : VideoSyntax
{
    private const int PictureExtensionId = 8;
    private const int FrameStructure = 3;                    // picture_structure: not a field
    private const int Intra = 1;                             // picture_coding_type
    private const int Predicted = 2;
    private const int Bidirectional = 3;
    private static readonly byte[] Prefix = [0, 0, 1];
    private readonly List<byte> _setBytes = [];              // the sequence header being read, with its extensions
    private Mpeg2Sequence? _set;
    private Mpeg2Sequence? _sequence;                        // in force
    private bool _isGroupClosed;
    private bool _isLinkBroken;
    private bool _restartsOrder;                             // a group's header came since the last picture
    private (int TemporalReference, int CodingType) _next;
    private (int TemporalReference, int CodingType) _current;
    private bool _isSecondField;
    private bool _followsOpenIntra;                          // no other reference picture has come since

    /// <inheritdoc/>
    public override bool KeepsStartCodes => true;

    /// <inheritdoc/>
    public override NalUnitRole Read(ReadOnlySpan<byte> nalUnit, out bool isSample)
    {
        isSample = true;
        if (nalUnit.IsEmpty) { return NalUnitRole.Malformed; }
        switch (nalUnit[0])
        {
            case Mpeg2StartCode.Picture:
                return ReadPicture(nalUnit);
            case <= Mpeg2StartCode.LastSlice:
                return NalUnitRole.ContinuesPicture;
            case Mpeg2StartCode.SequenceHeader:
                BeginSet(nalUnit);
                return NalUnitRole.PrecedesPicture;
            case Mpeg2StartCode.Group:
                ReadGroup(nalUnit);
                return NalUnitRole.PrecedesPicture;
            case Mpeg2StartCode.Extension:
                ReadExtension(nalUnit);
                return NalUnitRole.Other;
            case Mpeg2StartCode.UserData or Mpeg2StartCode.SequenceError or Mpeg2StartCode.SequenceEnd:
                return NalUnitRole.Other;
            default:
                isSample = false;
                return NalUnitRole.Malformed;
        }
    }

    /// <inheritdoc/>
    public override void BeginPicture()
    {
        ResolveTrack();
        _current = _next;
        _isSecondField = false;
        bool isIntra = _current.CodingType == Intra;
        bool isBidirectional = _current.CodingType == Bidirectional;
        Picture = new PictureInfo
        {
            FrameType = isIntra ? FrameType.Key : isBidirectional ? FrameType.Bidirectional : FrameType.Predicted,
            RandomAccess = !isIntra ? RandomAccessKind.None : _isGroupClosed ? RandomAccessKind.Refresh : RandomAccessKind.OpenGop,
            IsBrokenLink = isIntra && _isLinkBroken,
            IsSkippedLeading = isBidirectional && _followsOpenIntra,
            IsDisposable = isBidirectional,
            OutputOrder = _current.TemporalReference,
            RestartsOrder = _restartsOrder,
            Track = Track,
        };
        if (!isBidirectional) { _followsOpenIntra = isIntra && !_isGroupClosed; }
        _isGroupClosed = false;
        _isLinkBroken = false;
        _restartsOrder = false;
    }

    /// <inheritdoc/>
    public override void SkipPicture()
    {
        _set = null;
        _isGroupClosed = false;
        _isLinkBroken = false;
    }

    private NalUnitRole ReadPicture(ReadOnlySpan<byte> nalUnit)
    {   //  00 temporal_reference(10) picture_coding_type(3) …
        var reader = new BitReader(nalUnit[1..]);
        var header = ((int)reader.ReadBits(10), (int)reader.ReadBits(3));
        if (reader.Overrun || header.Item2 is not (Intra or Predicted or Bidirectional)) { return NalUnitRole.DamagedSlice; }
        // Both fields of a frame have its temporal_reference (§6.3.9); that of an intra frame may be predicted from the first.
        if (Picture.IsLoneField && header.Item1 == _current.TemporalReference && header.Item2 == Bidirectional == (_current.CodingType == Bidirectional))
        {
            Picture = Picture with { IsLoneField = false };
            _isSecondField = true;
            return NalUnitRole.ContinuesPicture;
        }
        _next = header;
        return NalUnitRole.StartsPicture;
    }

    private void ReadGroup(ReadOnlySpan<byte> nalUnit)
    {   //  B8 time_code(25) closed_gop(1) broken_link(1)
        var reader = new BitReader(nalUnit[1..]);
        reader.Skip(25);
        _isGroupClosed = reader.ReadFlag();
        _isLinkBroken = reader.ReadFlag();
        _restartsOrder = true;
    }

    private void ReadExtension(ReadOnlySpan<byte> nalUnit)
    {
        if (_set is not null)
        {
            _set = _set.With(nalUnit);
            AddSetBytes(nalUnit);
            return;
        }
        //  B5 8(4) f_code(4 × 4) intra_dc_precision(2) picture_structure(2) …
        var reader = new BitReader(nalUnit[1..]);
        if (reader.ReadBits(4) != PictureExtensionId) { return; }
        reader.Skip(18);
        int structure = (int)reader.ReadBits(2);
        if (!reader.Overrun && !_isSecondField) { Picture = Picture with { IsLoneField = structure != FrameStructure }; }
    }

    private void BeginSet(ReadOnlySpan<byte> nalUnit)
    {
        _setBytes.Clear();
        if (!Mpeg2Sequence.TryParse(nalUnit, out _set))
        {
            MalformedParameterSets++;
            return;
        }
        AddSetBytes(nalUnit);
    }

    private void AddSetBytes(ReadOnlySpan<byte> nalUnit)
    {
        if (_setBytes.Count + Prefix.Length + nalUnit.Length > LargestConfiguration) { return; }
        _setBytes.AddRange(Prefix);
        _setBytes.AddRange(nalUnit);
    }

    /// <summary>The track of the sequence header before the picture: the same instance as long as it says the same.</summary>
    private void ResolveTrack()
    {
        if (_set is not { } set) { return; }
        _set = null;
        if (set.ProfileAndLevel is null && _sequence?.ProfileAndLevel is not null)
        {
            MalformedParameterSets++;                        // its extension was lost
            return;
        }
        if (set == _sequence) { return; }
        _sequence = set;
        Track = new VideoTrack
        {
            Id = trackId,
            Codec = Codec.Mpeg2Video,
            DecoderConfiguration = _setBytes.ToArray(),
            CodecString = set.CodecString,
            Width = set.Width,
            Height = set.Height,
            FrameRate = set.FrameRate,
            SampleAspectRatio = set.SampleAspectRatio,
            Colour = set.Colour,
            ReorderDepth = set.IsLowDelay ? 0 : 1,
        };
    }
}
