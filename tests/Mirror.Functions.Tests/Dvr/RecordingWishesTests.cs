using Mirror.Functions.Dvr;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Documents;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Tests.Dvr;

public sealed class RecordingWishesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-wishes-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_wish_outweighs_the_configuration_and_outlives_the_process()
    {
        RecordingWishes wishes = Open();
        Assert.True(wishes.Of("cam").IsWanted);
        Assert.False(wishes.Of("studio").IsWanted);
        await wishes.PutAsync("cam", isWanted: false, default);
        await wishes.PutAsync("studio", isWanted: true, default);
        RecordingWishes later = Open();
        await later.RefreshAsync(default);
        Assert.False(later.Of("cam").IsWanted);
        Assert.Equal(new RecordingWish(IsWanted: true, _time.GetUtcNow().UtcDateTime), later.Of("studio"));
    }

    [Fact]
    public async Task A_wish_that_is_met_already_changes_nothing()
    {
        RecordingWishes wishes = Open();
        await wishes.PutAsync("cam", isWanted: true, default);
        Assert.Equal(DateTime.MinValue, wishes.Of("cam").Since);
        await wishes.PutAsync("studio", isWanted: true, default);
        DateTime since = wishes.Of("studio").Since;
        _time.Advance(TimeSpan.FromMinutes(1));
        await wishes.PutAsync("studio", isWanted: true, default);
        Assert.Equal(since, wishes.Of("studio").Since);
    }

    [Fact]
    public async Task A_document_that_cannot_be_read_is_no_wish()
    {
        var documents = new LocalDocuments(_folder);
        await documents.PutAsync("recordings/wishes/cam", "half of wh"u8.ToArray(), null, default);
        await documents.PutAsync("recordings/wishes/studio", "null"u8.ToArray(), null, default);
        RecordingWishes wishes = Open();
        await wishes.RefreshAsync(default);
        Assert.True(wishes.Of("cam").IsWanted);
        Assert.False(wishes.Of("studio").IsWanted);
    }

    private RecordingWishes Open() => new(new LocalDocuments(_folder), new DvrOptions { Enabled = true, Streams = "cam*" }, _time);
}
