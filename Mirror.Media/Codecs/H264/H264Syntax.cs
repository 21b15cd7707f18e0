using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.H264;

/// <summary>Reads the NAL units of an H.264 stream (§7.3.1, §7.4.1.2).</summary>
public sealed class H264Syntax(int trackId) : VideoSyntax
{
    private readonly byte[]?[] _spsBytes = new byte[H264Sps.Count][];
    private readonly H264Sps?[] _sps = new H264Sps[H264Sps.Count];
    private readonly byte[]?[] _ppsBytes = new byte[H264Pps.Count][];
    private readonly H264Pps?[] _pps = new H264Pps[H264Pps.Count];
    private readonly int[] _ppsPicture = new int[H264Pps.Count];      // the picture before which each was sent last
    private int _pictures;
    private bool _haveSetsChanged;
    private int _trackSpsId = -1;
    private H264SliceHeader _next;
    private bool _isNextKnown;
    private H264SliceHeader _current;
    private bool _hasRecoveryPoint;
    private uint _recoveryFrameCount;
    private PicOrderCounter _order;
    private int _ordinal;                              // pictures since the last IDR picture

    /// <inheritdoc/>
    public override NalUnitRole Read(ReadOnlySpan<byte> nalUnit, out bool isSample)
    {
        isSample = false;
        if (nalUnit.IsEmpty || (nalUnit[0] & 0x80) != 0) { return NalUnitRole.Malformed; }
        var type = (H264NalUnitType)(nalUnit[0] & 0x1F);
        switch (type)
        {
            case H264NalUnitType.Slice or H264NalUnitType.PartitionA or H264NalUnitType.IdrSlice:
                isSample = true;
                return ReadSlice(nalUnit);
            case H264NalUnitType.Sei:
                isSample = true;
                if (SeiReader.TryFindRecoveryPoint(nalUnit, headerLength: 1, out uint count)) { (_hasRecoveryPoint, _recoveryFrameCount) = (true, count); }
                return NalUnitRole.PrecedesPicture;
            case H264NalUnitType.Sps:
                StoreSps(nalUnit);
                return NalUnitRole.PrecedesPicture;
            case H264NalUnitType.Pps:
                StorePps(nalUnit);
                return NalUnitRole.PrecedesPicture;
            case H264NalUnitType.AccessUnitDelimiter or H264NalUnitType.SubsetSps:
                return NalUnitRole.PrecedesPicture;
            case H264NalUnitType.Filler or H264NalUnitType.SpsExtension:
                return NalUnitRole.Other;
            case >= H264NalUnitType.Prefix and <= H264NalUnitType.LastReservedUnitStart:
                isSample = true;
                return NalUnitRole.PrecedesPicture;
            default:
                isSample = true;
                return NalUnitRole.Other;
        }
    }

    /// <inheritdoc/>
    public override void BeginPicture()
    {
        _current = _next;
        bool isIntra = _isNextKnown && _next.SliceType == SliceType.I;
        RandomAccessKind kind = _next.IsIdr ? RandomAccessKind.Refresh
            : _hasRecoveryPoint ? (_recoveryFrameCount == 0 && isIntra ? RandomAccessKind.OpenGop : RandomAccessKind.Gradual)
            : isIntra ? RandomAccessKind.Intra : RandomAccessKind.None;
        bool isRandomAccess = kind != RandomAccessKind.None && _isNextKnown;
        if (isRandomAccess) { ResolveTrack(_next.PpsId); }
        _pictures++;
        Picture = new PictureInfo
        {
            FrameType = _next.IsIdr ? FrameType.Key : _isNextKnown ? TypeOf(_next.SliceType) : FrameType.Unknown,
            RandomAccess = kind,
            IsDisposable = _next.NalRefIdc == 0,
            IsLoneField = _next.IsField,
            OutputOrder = NextOrder(),
            RestartsOrder = _next.IsIdr,
            ParameterSets = TakeParameterSets(isRandomAccess),
            Track = Track,
        };
        _hasRecoveryPoint = false;
    }

    /// <inheritdoc/>
    public override void SkipPicture() => _hasRecoveryPoint = false;

    private NalUnitRole ReadSlice(ReadOnlySpan<byte> nalUnit)
    {
        _isNextKnown = H264SliceHeader.TryParseStart(nalUnit, out H264SliceHeader header);
        if (!_isNextKnown) { return NalUnitRole.DamagedSlice; }
        if (_pps[header.PpsId] is { } pps && _sps[pps.SpsId] is { } sps && H264SliceHeader.TryParse(nalUnit, sps, pps, out H264SliceHeader whole)) { header = whole; }
        if (header.FirstMbInSlice == 0 && !header.IsRedundant)
        {
            bool isSecondField = Picture.IsLoneField && header.CompletesFrameOf(_current);
            if (!isSecondField)
            {
                _next = header;
                return NalUnitRole.StartsPicture;
            }
            Picture = Picture with { IsLoneField = false };
        }
        MergeSlice(header.SliceType);
        return NalUnitRole.ContinuesPicture;
    }

    /// <summary>PicOrderCnt by type 0; by type 2, output order is decoding order. Type 1 is hardly used, and not read.</summary>
    private int? NextOrder()
    {
        _ordinal = _next.IsIdr ? 0 : _ordinal + 1;
        if (_pps[_next.PpsId] is not { } pps || _sps[pps.SpsId] is not { } sps) { return null; }
        if (sps.PicOrderCntType == 2) { return 2 * _ordinal; }
        if (sps.PicOrderCntType != 0) { return null; }
        return _order.Next(_next.PicOrderCntLsb, sps.PicOrderCntLsbBits, isReset: _next.IsIdr, isReference: _next.NalRefIdc != 0);
    }

    /// <summary>A picture is intra only if all its slices are. The second field of an intra frame may well be predicted from the first.</summary>
    private void MergeSlice(SliceType sliceType)
    {
        bool isSecondField = _current.IsField && !Picture.IsLoneField;
        FrameType merged = MoreDependent(Picture.FrameType, sliceType);
        if (merged == Picture.FrameType || (isSecondField && Picture.FrameType == FrameType.Intra)) { return; }
        RandomAccessKind kind = Picture.RandomAccess switch
        {
            RandomAccessKind.Intra => RandomAccessKind.None,
            RandomAccessKind.OpenGop => RandomAccessKind.Gradual,
            RandomAccessKind same => same,
        };
        Picture = Picture with { FrameType = merged, RandomAccess = kind };
    }

    private void StoreSps(ReadOnlySpan<byte> nalUnit)
    {
        if (nalUnit.Length > H264Sps.LargestLength || !H264Sps.TryParse(nalUnit, out H264Sps? sps))
        {
            MalformedParameterSets++;
            return;
        }
        if (!TryStore(ref _spsBytes[sps!.Id], nalUnit)) { return; }
        _sps[sps.Id] = sps;
        _haveSetsChanged = true;
        NoteChange(_spsBytes[sps.Id]!);
        for (int i = 0; i < _pps.Length; i++)          // they were written for the old one; those still meant are sent again, with it or before it
        {
            if (_pps[i]?.SpsId != sps.Id || _ppsPicture[i] == _pictures) { continue; }
            _pps[i] = null;
            _ppsBytes[i] = null;
        }
    }

    private void StorePps(ReadOnlySpan<byte> nalUnit)
    {
        if (nalUnit.Length > H264Sps.LargestLength || !H264Pps.TryParse(nalUnit, out H264Pps? pps))
        {
            MalformedParameterSets++;
            return;
        }
        _ppsPicture[pps!.Id] = _pictures;
        if (!TryStore(ref _ppsBytes[pps.Id], nalUnit)) { return; }
        _pps[pps.Id] = pps;
        _haveSetsChanged = true;
        NoteChange(_ppsBytes[pps.Id]!);
    }

    /// <summary>The track of the parameter sets in force: the same instance as long as their content is the same.</summary>
    private void ResolveTrack(int ppsId)
    {
        if (_pps[ppsId] is not { } pps || _sps[pps.SpsId] is not { } sps) { return; }
        if (!_haveSetsChanged && sps.Id == _trackSpsId) { return; }
        List<byte[]> ppsBytes = [];
        int size = _spsBytes[sps.Id]!.Length;
        for (int i = 0; i < _pps.Length; i++)
        {
            if (_pps[i]?.SpsId != sps.Id || size + _ppsBytes[i]!.Length > LargestConfiguration) { continue; }
            ppsBytes.Add(_ppsBytes[i]!);
            size += _ppsBytes[i]!.Length;
        }
        byte[] configuration = AvcDecoderConfiguration.Build(sps, [_spsBytes[sps.Id]!], ppsBytes);
        _haveSetsChanged = false;
        _trackSpsId = sps.Id;
        var track = new VideoTrack
        {
            Id = trackId,
            Codec = Codec.H264,
            DecoderConfiguration = configuration,
            CodecString = AvcDecoderConfiguration.CodecString(sps),
            Width = sps.Width,
            Height = sps.Height,
            FrameRate = sps.FrameRate,
            SampleAspectRatio = sps.Usability.SampleAspectRatio,
            Colour = sps.Usability.Colour,
            ReorderDepth = sps.ReorderDepth,
        };
        Adopt(track, (sps.ChromaFormatIdc, sps.BitDepthLuma, sps.BitDepthChroma), [_spsBytes[sps.Id]!, .. ppsBytes]);
    }
}
