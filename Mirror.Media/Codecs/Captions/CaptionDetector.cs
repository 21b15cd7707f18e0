using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Mirror.Media.Bits;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Frames;

namespace Mirror.Media.Codecs.Captions;

/// <summary>Finds the caption services in the frames of one track.</summary>
/// <remarks>
/// Frames arrive in decoding order, but captions are meant in presentation order. So each frame is read on its own,
/// and a CTA-708 packet only as far as one frame carries it. A service counts once it was seen twice: a damaged byte
/// then creates none. After that it stays. Allocates only when a service is new. Not thread-safe.
/// </remarks>
public sealed class CaptionDetector
{
    private const int LengthPrefix = 4;

    // A caption message has up to 104 bytes. If longer messages precede it in the same unit, it is missed.
    private const int LargestSei = 1024;

    private const int LargestPacket = 128;
    private const int Fields = 2;
    private const int ChannelsPerField = 2;
    private const int LastService = 63;
    private const int ExtendedService = 7;
    private const byte ValidFlag = 0x04;
    private const byte TypeMask = 0x03;
    private const byte PacketStart = 3;
    private (uint Line21, ulong Digital) _seenOnce;
    private (uint Line21, ulong Digital) _known;

    /// <summary>The services found so far; <see langword="null"/> if none. The same instance until it changes.</summary>
    public CaptionServices? Services { get; private set; }

    /// <summary>Reads a frame of H.264 or H.265. Frames of other codecs are ignored.</summary>
    /// <param name="codec">Codec of the frame.</param>
    /// <param name="sample">NAL units, each after its length in four bytes.</param>
    /// <returns>Whether <see cref="Services"/> changed.</returns>
    public bool ReadSample(Codec codec, ReadOnlySpan<byte> sample)
    {
        if (codec is not (Codec.H264 or Codec.H265)) { return false; }
        (uint, ulong) before = _known;
        while (sample.Length > LengthPrefix)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(sample);
            sample = sample[LengthPrefix..];
            if (length > sample.Length) { break; }
            ReadNalUnit(codec, sample[..(int)length]);
            sample = sample[(int)length..];
        }
        return Update(before);
    }

    /// <summary>Reads the triplets of one frame, as <see cref="CaptionData.TryRead"/> returns them.</summary>
    /// <returns>Whether <see cref="Services"/> changed.</returns>
    public bool ReadTriplets(ReadOnlySpan<byte> triplets)
    {
        (uint, ulong) before = _known;
        Read(triplets);
        return Update(before);
    }

    private void ReadNalUnit(Codec codec, ReadOnlySpan<byte> nalUnit)
    {
        if (nalUnit.IsEmpty) { return; }
        bool isSei = codec == Codec.H264
            ? (nalUnit[0] & 0x1F) == (int)H264NalUnitType.Sei
            : ((nalUnit[0] >> 1) & 0x3F) == (int)H265NalUnitType.PrefixSei;
        int headerLength = codec == Codec.H264 ? 1 : 2;
        if (!isSei || nalUnit.Length <= headerLength || nalUnit.IndexOf(CaptionData.Identifier) < 0) { return; }

        Span<byte> buffer = stackalloc byte[LargestSei];
        var reader = new SeiReader(Rbsp.Unescape(nalUnit[headerLength..], buffer));
        while (reader.TryRead(out int payloadType, out ReadOnlySpan<byte> payload))
        {
            if (payloadType != SeiReader.RegisteredUserData) { continue; }
            if (CaptionData.TryRead(payload, out ReadOnlySpan<byte> triplets)) { Read(triplets); }
        }
    }

    private void Read(ReadOnlySpan<byte> triplets)
    {
        Span<byte> packet = stackalloc byte[LargestPacket];
        int length = 0;
        for (; triplets.Length >= CaptionData.TripletLength; triplets = triplets[CaptionData.TripletLength..])
        {
            if ((triplets[0] & ValidFlag) == 0) { continue; }
            int type = triplets[0] & TypeMask;
            if (type < Fields)
            {
                ReadLine21(type, triplets[1], triplets[2]);
                continue;
            }
            if (type == PacketStart)
            {
                ReadPacket(packet[..length]);
                length = 0;
            }
            bool hasStart = type == PacketStart || length > 0;
            if (!hasStart || length == LargestPacket) { continue; }
            (packet[length], packet[length + 1]) = (triplets[1], triplets[2]);
            length += 2;
        }
        ReadPacket(packet[..length]);
    }

    /// <summary>Reads two bytes of line 21 (CTA-608).</summary>
    /// <remarks>
    /// Only codes that start or show captions name one of the field's two channels. Padding, characters, text mode and
    /// program data (XDS) name none.
    /// </remarks>
    private void ReadLine21(int field, byte first, byte second)
    {
        bool hasOddParity = (BitOperations.PopCount(first) & BitOperations.PopCount(second) & 1) == 1;

        // 14 and 1C; in field 2 also 15 and 1D.
        bool isControl = (first & 0x76) == 0x14;

        // Resume caption loading, roll-up of 2 to 4 rows, resume direct captioning, end of caption.
        bool isCaption = (second & 0x7F) is 0x20 or 0x25 or 0x26 or 0x27 or 0x29 or 0x2F;
        if (!hasOddParity || !isControl || !isCaption) { return; }

        int channel = (first & 0x08) == 0 ? 0 : 1;
        uint service = 1U << (ChannelsPerField * field + channel);
        _known.Line21 |= _seenOnce.Line21 & service;
        _seenOnce.Line21 |= service;
    }

    /// <summary>Reads a caption channel packet (CTA-708 §5 and §6), or the start of one.</summary>
    private void ReadPacket(ReadOnlySpan<byte> packet)
    {   //  sequence(2) size(6) | { service(3) block size(5) | if service is 7: fill(2) service(6) | block } × n
        if (packet.IsEmpty) { return; }
        int sizeCode = packet[0] & 0x3F;
        int size = sizeCode == 0 ? LargestPacket : 2 * sizeCode;
        packet = packet[1..Math.Min(size, packet.Length)];
        while (!packet.IsEmpty)
        {
            (int service, int block) = (packet[0] >> 5, packet[0] & 0x1F);
            packet = packet[1..];

            // A null block: the rest is padding.
            if (service == 0) { return; }
            if (service == ExtendedService && block > 0)
            {
                if (packet.IsEmpty) { return; }
                service = packet[0] & 0x3F;
                packet = packet[1..];
                if (service < ExtendedService) { return; }
            }
            if (block > 0)
            {
                _known.Digital |= _seenOnce.Digital & (1UL << service);
                _seenOnce.Digital |= 1UL << service;
            }
            packet = packet[Math.Min(block, packet.Length)..];
        }
    }

    private bool Update((uint, ulong) before)
    {
        if (before == _known) { return false; }
        List<CaptionService> services = [];
        for (int i = 0; i < Fields * ChannelsPerField; i++)
        {
            if (((_known.Line21 >> i) & 1) != 0) { services.Add(ServiceOf("CC", i + 1)); }
        }
        for (int i = 1; i <= LastService; i++)
        {
            if (((_known.Digital >> i) & 1) != 0) { services.Add(ServiceOf("SERVICE", i)); }
        }
        Services = new CaptionServices(services);
        return true;
    }

    private static CaptionService ServiceOf(string kind, int number)
        => new(kind + number.ToString(CultureInfo.InvariantCulture), Language: null);
}
