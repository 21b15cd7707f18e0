using Mirror.Origin.Live;

namespace Mirror.Origin.Tests.Live;

public sealed class SlidingListTests
{
    [Fact]
    public void A_view_shows_for_ever_what_it_showed_when_it_was_taken()
    {
        var list = new SlidingList<int>();
        var views = new List<(int[] Expected, ReadOnlyMemory<int> View)>();
        var model = new List<int>();
        var random = new Random(3);
        for (int i = 0; i < 2_000; i++)
        {
            list.Add(i);
            model.Add(i);
            int removed = Math.Min(random.Next(3), model.Count);
            list.RemoveFirst(removed);
            model.RemoveRange(0, removed);
            views.Add(([.. model], list.View));
        }
        Assert.All(views, view => Assert.Equal(view.Expected, view.View.ToArray()));
        Assert.Equal(model.Count, list.Count);
    }

    [Fact]
    public void Removing_more_than_there_is_is_an_error()
        => Assert.Throws<ArgumentOutOfRangeException>(() => new SlidingList<int>().RemoveFirst(1));
}
