using Mirror.Media.Codecs.Captions;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Codecs.Captions;

public sealed class CaptionDetectorTests
{
    private static readonly byte[] Slice = [0x65, 0x88, 0x82, 0x0B];
    private static readonly byte[] HevcSlice = [0x28, 0x01, 0xAF, 0x0A];

    /// <summary>What one picture has, twice over.</summary>
    private static readonly Dictionary<string, (byte[][] Data, string Expected)> Cases = new()
    {
        ["fillers are no service"] = ([CaptionBytes.Filler(0), CaptionBytes.Filler(1)], ""),
        ["characters tell no channel"] = ([CaptionBytes.Line21(0, 'H', 'i')], ""),
        ["roll-up of field 1"] = ([CaptionBytes.Line21(0, 0x14, 0x25), CaptionBytes.Filler(1)], "CC1"),
        ["pop-on of the second channel"] = ([CaptionBytes.Line21(0, 0x1C, 0x20)], "CC2"),
        ["paint-on of field 2"] = ([CaptionBytes.Line21(1, 0x15, 0x29)], "CC3"),
        ["field 2 with the codes of field 1"] = ([CaptionBytes.Line21(1, 0x14, 0x2F), CaptionBytes.Line21(1, 0x1C, 0x2F)], "CC3 CC4"),
        ["text mode is no caption"] = ([CaptionBytes.Line21(0, 0x14, 0x2B)], ""),
        ["programme data of field 2"] = ([CaptionBytes.Line21(1, 0x01, 0x05)], ""),
        ["wrong parity"] = ([[0xFC, 0x14, 0x25]], ""),
        ["not valid"] = ([[0xF8, 0x94, 0x25]], ""),
        ["one service of 708"] = ([CaptionBytes.Packet(1)], "SERVICE1"),
        ["services beyond six"] = ([CaptionBytes.Packet(1, 2, 7, 63)], "SERVICE1 SERVICE2 SERVICE7 SERVICE63"),
        ["both kinds"] = ([CaptionBytes.Line21(0, 0x14, 0x26), CaptionBytes.Packet(10, 2)], "CC1 SERVICE2 SERVICE10"),
        ["two packets"] = ([CaptionBytes.Packet(1), CaptionBytes.Packet(3)], "SERVICE1 SERVICE3"),
        ["padding of 708"] = ([[0xFA, 0x00, 0x00], [0xF8, 0x00, 0x00]], ""),
        ["a null packet"] = ([[0xFF, 0x02, 0x00], [0xFE, 0x00, 0x00]], ""),
        ["the rest of a packet whose start was in another picture"] = ([[0xFE, 0x22, 0x41], [0xFE, 0x42, 0x43]], ""),
        ["an extended number below seven"] = ([[0xFF, 0x02, 0xE2], [0xFE, 0x03, 0x41]], ""),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Finds_the_services(string name)
    {
        byte[] message = CaptionBytes.Message(Cases[name].Data);
        Assert.Equal(Cases[name].Expected, Detect(Codec.H264, CaptionBytes.Sample(CaptionBytes.Sei(message), Slice)));
        Assert.Equal(Cases[name].Expected, Detect(Codec.H265, CaptionBytes.Sample(CaptionBytes.Sei(message, isHevc: true), HevcSlice)));
    }

    [Fact]
    public void A_service_counts_once_it_was_met_twice_and_stays()
    {
        var detector = new CaptionDetector();
        byte[] rollUp = CaptionBytes.Line21(0, 0x14, 0x25);
        Assert.False(detector.ReadTriplets(rollUp));
        Assert.Null(detector.Services);
        Assert.True(detector.ReadTriplets(rollUp));
        CaptionServices? first = detector.Services;
        Assert.False(detector.ReadTriplets(rollUp));
        for (int i = 0; i < 1000; i++) { Assert.False(detector.ReadTriplets(CaptionBytes.Filler(0))); }
        Assert.Same(first, detector.Services);
        Assert.True(detector.ReadTriplets([.. CaptionBytes.Packet(1), .. CaptionBytes.Packet(1)]));
        Assert.Equal("CC1 SERVICE1", Text(detector));
    }

    [Theory]
    [InlineData(0, 0xB4)]                                    // another country
    [InlineData(2, 0x3C)]                                    // another provider
    [InlineData(6, (int)'3')]                                // another standard
    [InlineData(7, 0x06)]                                    // bar data
    [InlineData(8, 0x84)]                                    // not to be processed
    public void Other_user_data_is_passed_over(int place, int value)
    {
        byte[] message = CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25));
        message[place] = (byte)value;
        Assert.False(CaptionData.TryRead(message, out _));
    }

    [Fact]
    public void Other_messages_may_stand_before_it()
    {
        byte[] captions = CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25)));
        byte[] sei = [6, 1, 2, 0x11, 0x22, 6, 1, 0xC4, .. captions[1..]];
        Assert.Equal("CC1", Detect(Codec.H264, CaptionBytes.Sample(sei, Slice)));
    }

    [Fact]
    public void The_second_field_has_its_own()
    {
        byte[] first = CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25)));
        byte[] second = CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(1, 0x15, 0x25)));
        Assert.Equal("CC1 CC3", Detect(Codec.H264, CaptionBytes.Sample(first, Slice, second, Slice)));
    }

    /// <summary>What is cut off is not there; what was whole before it counts.</summary>
    [Fact]
    public void Truncation_at_every_length()
    {
        byte[] message = CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25), CaptionBytes.Packet(1, 9));
        byte[] sample = CaptionBytes.Sample(CaptionBytes.Sei(message));
        for (int length = 0; length < sample.Length; length++)
        {
            Assert.Equal("", Detect(Codec.H264, sample[..length]));             // the NAL unit is not whole
            Assert.Contains(Detect(Codec.H264, CaptionBytes.Sample(CaptionBytes.Sei(message)[..Math.Min(length, sample.Length - 4)])),
                new HashSet<string> { "", "CC1", "CC1 SERVICE1", "CC1 SERVICE1 SERVICE9" });
        }
        for (int length = 0; length < message.Length; length++)
        {
            Assert.Equal(length >= 10, CaptionData.TryRead(message.AsSpan(0, length), out ReadOnlySpan<byte> triplets));
            Assert.Equal(Math.Clamp((length - 10) / 3, 0, 6), triplets.Length / 3);
        }
    }

    /// <summary>The triplets of a picture split over two: no service comes of that which is not there.</summary>
    [Fact]
    public void A_split_at_every_triplet()
    {
        byte[] triplets = [.. CaptionBytes.Line21(0, 0x14, 0x25), .. CaptionBytes.Packet(1, 9), .. CaptionBytes.Packet(2)];
        for (int split = 0; split <= triplets.Length; split++)
        {
            var detector = new CaptionDetector();
            for (int i = 0; i < 3; i++)
            {
                detector.ReadTriplets(triplets.AsSpan(0, split));
                detector.ReadTriplets(triplets.AsSpan(split - split % 3));
            }
            Assert.All(Text(detector).Split(' '), service => Assert.Contains(service, "CC1 SERVICE1 SERVICE2 SERVICE9", StringComparison.Ordinal));
            Assert.Contains("CC1", Text(detector), StringComparison.Ordinal);
            Assert.Contains("SERVICE2", Text(detector), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Mutations_do_no_harm_and_reading_allocates_nothing()
    {
        var random = new Random(608);
        byte[] sound = CaptionBytes.Sample(CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25), CaptionBytes.Packet(1, 9))), Slice);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] mutated = [.. sound];
            for (int n = random.Next(1, 6); n > 0; n--) { mutated[random.Next(mutated.Length)] = (byte)random.Next(256); }
            Detect(Codec.H264, mutated);
            Detect(Codec.H265, mutated);
        }
        var detector = new CaptionDetector();
        for (int i = 0; i < 3; i++) { detector.ReadSample(Codec.H264, sound); }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) { detector.ReadSample(Codec.H264, sound); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(40)]                                         // more than a message holds
    public void What_is_written_is_read(int count)
    {
        byte[] triplets = [.. Enumerable.Range(0, count).SelectMany(i => (byte[])[0, 0, (byte)(i % 4)])];        // emulation prevention at each
        byte[] unit = new byte[CaptionSei.LargestUnit];
        int length = CaptionSei.Write(triplets, unit);
        Assert.Equal(-1, unit.AsSpan(0, length).IndexOf((ReadOnlySpan<byte>)[0, 0, 1]));
        Assert.Equal(triplets[..(3 * Math.Min(count, CaptionData.MostTriplets))], CaptionBytes.TripletsOf(CaptionBytes.Sample(unit[..length])));
    }

    [Fact]
    public void Languages_come_from_what_names_the_same_service()
    {
        var found = new CaptionServices([new("SERVICE1", null), new("CC1", null)]);
        var named = new CaptionServices([new("CC1", "en"), new("CC3", "es")]);
        CaptionServices both = found.WithLanguagesOf(named);
        Assert.Equal([new("CC1", "en"), new("SERVICE1", null)], both.Services);
        Assert.Equal([new("CC1", "en"), new("CC3", "es"), new("SERVICE1", null)], CaptionServices.Union(found, named)!.Services);
        Assert.Same(found, CaptionServices.Union(found, null));
        Assert.Same(found, CaptionServices.Union(null, found));
        Assert.Equal(both, CaptionServices.Union(both, both));
        Assert.Equal(both.GetHashCode(), new CaptionServices(both.Services).GetHashCode());
    }

    private static string Detect(Codec codec, byte[] sample)
    {
        var detector = new CaptionDetector();
        for (int i = 0; i < 2; i++) { detector.ReadSample(codec, sample); }
        return Text(detector);
    }

    private static string Text(CaptionDetector detector) => string.Join(' ', detector.Services?.Services.Select(service => service.InstreamId) ?? []);
}
