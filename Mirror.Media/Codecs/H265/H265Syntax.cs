using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.H265;

/// <summary>Reads the NAL units of an H.265 stream (§7.3.1, §7.4.2.4). Layers above the base layer are passed on unread.</summary>
public sealed class H265Syntax(int trackId) : VideoSyntax
{
    private const int VpsCount = 16;
    private readonly byte[]?[] _vpsBytes = new byte[VpsCount][];
    private readonly byte[]?[] _spsBytes = new byte[H265Sps.Count][];
    private readonly H265Sps?[] _sps = new H265Sps[H265Sps.Count];
    private readonly byte[]?[] _ppsBytes = new byte[H265Pps.Count][];
    private readonly H265Pps?[] _pps = new H265Pps[H265Pps.Count];
    private readonly int[] _ppsPicture = new int[H265Pps.Count];      // the picture before which each was sent last
    private int _pictures;
    private bool _haveSetsChanged;
    private int _trackSpsId = -1;
    private PictureInfo _next;
    private int _nextPpsId;
    private bool _hasRecoveryPoint;
    private PicOrderCounter _order;

    /// <inheritdoc/>
    public override NalUnitRole Read(ReadOnlySpan<byte> nalUnit, out bool isSample)
    {
        isSample = false;
        if (nalUnit.Length < 2 || (nalUnit[0] & 0x80) != 0 || (nalUnit[1] & 7) == 0) { return NalUnitRole.Malformed; }
        var type = (H265NalUnitType)((nalUnit[0] >> 1) & 0x3F);
        bool isBaseLayer = (nalUnit[0] & 1) == 0 && nalUnit[1] >> 3 == 0;
        switch (type)
        {
            case <= H265NalUnitType.RaslR or (>= H265NalUnitType.BlaWLp and <= H265NalUnitType.Cra):
                isSample = true;
                return isBaseLayer ? ReadSlice(nalUnit, type) : NalUnitRole.Other;
            case H265NalUnitType.Vps or H265NalUnitType.Sps or H265NalUnitType.Pps:
                if (isBaseLayer) { StoreParameterSet(nalUnit, type); }
                return NalUnitRole.PrecedesPicture;
            case H265NalUnitType.AccessUnitDelimiter:
                return NalUnitRole.PrecedesPicture;
            case H265NalUnitType.Filler:
                return NalUnitRole.Other;
            case H265NalUnitType.PrefixSei:
                isSample = true;
                _hasRecoveryPoint |= SeiReader.TryFindRecoveryPoint(nalUnit, headerLength: 2, out _);
                return NalUnitRole.PrecedesPicture;
            case >= (H265NalUnitType)41 and <= (H265NalUnitType)44 or >= (H265NalUnitType)48 and <= (H265NalUnitType)55:      // reserved to start access units
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
        bool isRandomAccess = _next.RandomAccess != RandomAccessKind.None;
        if (isRandomAccess) { ResolveTrack(_nextPpsId); }
        _pictures++;
        Picture = _next with { ParameterSets = TakeParameterSets(isRandomAccess), Track = Track };
        _hasRecoveryPoint = false;
    }

    /// <inheritdoc/>
    public override void SkipPicture() => _hasRecoveryPoint = false;

    private NalUnitRole ReadSlice(ReadOnlySpan<byte> nalUnit, H265NalUnitType type)
    {
        if (nalUnit.Length < 3) { return NalUnitRole.DamagedSlice; }
        bool isFirst = (nalUnit[2] & 0x80) != 0;
        if (!isFirst) { return NalUnitRole.ContinuesPicture; }
        if (!H265SliceHeader.TryParsePpsId(nalUnit, out _nextPpsId)) { return NalUnitRole.DamagedSlice; }

        H265Pps? pps = _pps[_nextPpsId];
        H265Sps? sps = pps is null ? null : _sps[pps.SpsId];
        bool isKnown = TryReadHeader(nalUnit, sps, pps, out H265SliceHeader header);
        bool isIrap = type is >= H265NalUnitType.BlaWLp and <= H265NalUnitType.LastIrap;
        FrameType frameType = isIrap ? FrameType.Key : isKnown ? TypeOf(header.SliceType) : FrameType.Unknown;
        int temporalId = (nalUnit[1] & 7) - 1;
        bool isHighestLayer = sps is null || temporalId >= sps.SubLayers - 1;
        _next = new PictureInfo
        {
            FrameType = frameType,
            RandomAccess = KindOf(type, frameType),
            IsBrokenLink = type == H265NalUnitType.BlaWLp,
            IsSkippedLeading = type is H265NalUnitType.RaslN or H265NalUnitType.RaslR,
            OutputOrder = isKnown ? NextOrder(header, type, temporalId, sps!) : null,
            RestartsOrder = RestartsOrder(type),
            IsDisposable = type <= H265NalUnitType.RaslR && ((int)type & 1) == 0 && isHighestLayer,      // the even types: not referred to within their sub-layer
        };
        return NalUnitRole.StartsPicture;
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> nalUnit, H265Sps? sps, H265Pps? pps, out H265SliceHeader header)
    {
        header = default;
        return sps is not null && pps is not null && H265SliceHeader.TryParse(nalUnit, sps, pps, out header);
    }

    /// <summary>IDR and BLA pictures; a CRA picture goes on with the count of those before it.</summary>
    private static bool RestartsOrder(H265NalUnitType type) => type is >= H265NalUnitType.BlaWLp and <= H265NalUnitType.IdrNLp;

    private int NextOrder(in H265SliceHeader header, H265NalUnitType type, int temporalId, H265Sps sps)
    {
        bool isSubLayerNonReference = type < H265NalUnitType.BlaWLp && ((int)type & 1) == 0;
        bool isLeading = type is >= H265NalUnitType.RadlN and <= H265NalUnitType.RaslR;
        return _order.Next(header.PicOrderCntLsb, sps.PicOrderCntLsbBits, RestartsOrder(type), isReference: temporalId == 0 && !isLeading && !isSubLayerNonReference);
    }

    private RandomAccessKind KindOf(H265NalUnitType type, FrameType frameType) => type switch
    {
        H265NalUnitType.BlaWLp or H265NalUnitType.Cra => RandomAccessKind.OpenGop,
        >= H265NalUnitType.BlaWRadl and <= H265NalUnitType.IdrNLp => RandomAccessKind.Refresh,
        _ when _hasRecoveryPoint => RandomAccessKind.Gradual,
        _ => frameType == FrameType.Intra ? RandomAccessKind.Intra : RandomAccessKind.None,
    };

    private void StoreParameterSet(ReadOnlySpan<byte> nalUnit, H265NalUnitType type)
    {
        bool isStored = nalUnit.Length is > 2 and <= H265Sps.LargestLength && type switch
        {
            H265NalUnitType.Vps => StoreVps(nalUnit),
            H265NalUnitType.Sps => StoreSps(nalUnit),
            _ => StorePps(nalUnit),
        };
        if (!isStored) { MalformedParameterSets++; }
    }

    private bool StoreVps(ReadOnlySpan<byte> nalUnit)
    {
        ref byte[]? place = ref _vpsBytes[nalUnit[2] >> 4];
        if (!TryStore(ref place, nalUnit)) { return true; }
        _haveSetsChanged = true;
        NoteChange(place!);
        return true;
    }

    private bool StoreSps(ReadOnlySpan<byte> nalUnit)
    {
        if (!H265Sps.TryParse(nalUnit, out H265Sps? sps)) { return false; }
        if (!TryStore(ref _spsBytes[sps!.Id], nalUnit)) { return true; }
        _sps[sps.Id] = sps;
        _haveSetsChanged = true;
        NoteChange(_spsBytes[sps.Id]!);
        for (int i = 0; i < _pps.Length; i++)          // they were written for the old one; those still meant are sent again, with it or before it
        {
            if (_pps[i]?.SpsId != sps.Id || _ppsPicture[i] == _pictures) { continue; }
            _pps[i] = null;
            _ppsBytes[i] = null;
        }
        return true;
    }

    private bool StorePps(ReadOnlySpan<byte> nalUnit)
    {
        if (!H265Pps.TryParse(nalUnit, out H265Pps? pps)) { return false; }
        _ppsPicture[pps!.Id] = _pictures;
        if (!TryStore(ref _ppsBytes[pps.Id], nalUnit)) { return true; }
        _pps[pps.Id] = pps;
        _haveSetsChanged = true;
        NoteChange(_ppsBytes[pps.Id]!);
        return true;
    }

    /// <summary>The track of the parameter sets in force: the same instance as long as their content is the same.</summary>
    private void ResolveTrack(int ppsId)
    {
        if (_pps[ppsId] is not { } pps || _sps[pps.SpsId] is not { } sps || _vpsBytes[sps.VpsId] is not { } vps) { return; }
        if (!_haveSetsChanged && sps.Id == _trackSpsId) { return; }
        List<byte[]> ppsBytes = [];
        int size = vps.Length + _spsBytes[sps.Id]!.Length;
        for (int i = 0; i < _pps.Length; i++)
        {
            if (_pps[i]?.SpsId != sps.Id || size + _ppsBytes[i]!.Length > LargestConfiguration) { continue; }
            ppsBytes.Add(_ppsBytes[i]!);
            size += _ppsBytes[i]!.Length;
        }
        byte[] configuration = HevcDecoderConfiguration.Build(sps, [vps], [_spsBytes[sps.Id]!], ppsBytes);
        _haveSetsChanged = false;
        _trackSpsId = sps.Id;
        var track = new VideoTrack
        {
            Id = trackId,
            Codec = Codec.H265,
            DecoderConfiguration = configuration,
            CodecString = HevcDecoderConfiguration.CodecString(sps),
            Width = sps.Width,
            Height = sps.Height,
            FrameRate = sps.FrameRate,
            SampleAspectRatio = sps.Usability.SampleAspectRatio,
            Colour = sps.Usability.Colour,
            ReorderDepth = sps.ReorderDepth,
        };
        Adopt(track, (sps.ChromaFormatIdc, sps.BitDepthLuma, sps.BitDepthChroma), [vps, _spsBytes[sps.Id]!, .. ppsBytes]);
    }
}
