using Mirror.Media.Bits;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Reads temporal units from video PES packets (Carriage of AV1 in MPEG-2 TS, AOM draft).</summary>
/// <remarks>
/// Each PES packet is one temporal unit. Its OBUs stand behind start codes and with emulation prevention; older multiplexers send them bare,
/// which the first bytes tell, since no OBU starts with zeros. Samples get what ISO files have: OBUs with sizes, no delimiters.
/// </remarks>
internal sealed class Av1Assembler(Av1Syntax syntax, ICodedPictureHandler handler) : IVideoAssembler
{
    private const int FirstCapacity = 16 * 1024;
    private readonly MediaBuffer _unit = MediaBuffer.Rent(FirstCapacity);        // the sample being put together
    private readonly MediaBuffer _plain = MediaBuffer.Rent(FirstCapacity);       // an OBU without emulation prevention
    private bool _isDamaged;
    private long _pts33;
    private long _dts33;
    private DateTime _arrival;

    /// <summary>Reads the OBUs; keeps the sequence header.</summary>
    public Av1Syntax Syntax => syntax;

    /// <inheritdoc/>
    public long DroppedUnits { get; private set; }

    /// <inheritdoc/>
    public long MalformedUnits { get; private set; }

    /// <inheritdoc/>
    public long SplitUnits => 0;

    /// <inheritdoc/>
    public long MalformedParameterSets => syntax.MalformedSequenceHeaders;

    /// <inheritdoc/>
    public void Write(in PesPacket packet, DateTime arrival)
    {
        if (packet.IsTruncated)
        {
            DroppedUnits++;
            return;
        }
        (_pts33, _dts33, _arrival) = (packet.Header.Pts33, packet.Header.Dts33, arrival);
        Begin();
        if (HasStartCodes(packet.Payload)) { ReadByteStream(packet.Payload); }
        else { ReadUnits(packet.Payload); }
        Finish();
    }

    /// <summary>Between PES packets nothing is unfinished.</summary>
    public void Abandon()
    {
    }

    /// <inheritdoc/>
    public void Reset() => Begin();

    /// <inheritdoc/>
    public void Dispose()
    {
        _unit.Release();
        _plain.Release();
    }

    private static bool HasStartCodes(ReadOnlySpan<byte> payload) => payload is [0, 0, 1, ..] or [0, 0, 0, 1, ..];

    private void ReadByteStream(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[(StartCode.IndexOf(bytes) + StartCode.Length)..];
        while (!bytes.IsEmpty)
        {
            int end = StartCode.IndexOf(bytes);
            ReadOnlySpan<byte> escaped = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + StartCode.Length)..];
            _plain.Truncate(0);
            ReadUnits(Rbsp.Unescape(escaped, _plain.GetSpan(escaped.Length)));
        }
    }

    /// <summary>Reads OBUs that follow one another; behind a start code that is one, and zeros that fill up the packet.</summary>
    private void ReadUnits(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.TrimStart((byte)0).IsEmpty)
        {
            if (!Av1Obu.TryRead(ref bytes, out Av1Obu obu))
            {
                MalformedUnits++;
                _isDamaged = true;
                return;
            }
            if (obu.Type == Av1ObuType.TemporalDelimiter && syntax.HasPicture)
            {
                Finish();
                Begin();
            }
            if (!syntax.Read(obu)) { continue; }
            obu.WriteTo(_unit.GetSpan(obu.WrittenLength));
            _unit.Advance(obu.WrittenLength);
        }
    }

    private void Begin()
    {
        syntax.BeginUnit();
        _unit.Truncate(0);
        _isDamaged = false;
    }

    private void Finish()
    {
        if (_isDamaged || !syntax.HasPicture)
        {
            DroppedUnits++;
            return;
        }
        handler.OnPicture(new CodedPicture { Bytes = _unit.Span, NalUnits = default, Info = syntax.Picture, Pts33 = _pts33, Dts33 = _dts33, Arrival = _arrival });
        _pts33 = _dts33 = PesHeader.NoTimestamp;             // those of the first unit that starts in the packet
    }
}
